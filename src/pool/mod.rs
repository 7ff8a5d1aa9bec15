//! Who gets which server and when: the rules of one pool; pure, in virtual time.
