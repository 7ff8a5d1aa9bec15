//! What is asked of the kernel, and how its completion names what it completes.

use io_uring::{opcode, squeue, types};

/// A connection's place in its ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) usize);

/// The group of blocks that receives fill.
pub(super) const BLOCK_GROUP: u16 = 0;

/// What a completion completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// A receive: one of many completions of it, or the last.
    Receive(Key),
    /// A send.
    Send(Key),
    /// The end of another operation was asked for; that one completes too.
    Cancel,
    /// Another thread has rung the bell.
    Bell,
}

/// Bits of `user_data` that hold the kind.
const KIND_BITS: u32 = 2;

impl Operation {
    /// As the kernel carries it through.
    pub(super) fn to_user_data(self) -> u64 {
        let (kind, key) = match self {
            Operation::Receive(key) => (0, key.0),
            Operation::Send(key) => (1, key.0),
            Operation::Cancel => (2, 0),
            Operation::Bell => (3, 0),
        };
        (key as u64) << KIND_BITS | kind
    }

    /// As it was submitted.
    pub(super) fn from_user_data(user_data: u64) -> Operation {
        let key = Key((user_data >> KIND_BITS) as usize);
        match user_data & ((1 << KIND_BITS) - 1) {
            0 => Operation::Receive(key),
            1 => Operation::Send(key),
            2 => Operation::Cancel,
            _ => Operation::Bell,
        }
    }
}

/// Asks that an operation ends early.
pub(super) fn cancel(operation: Operation) -> squeue::Entry {
    let entry = opcode::AsyncCancel::new(operation.to_user_data()).build();
    entry.user_data(Operation::Cancel.to_user_data())
}

/// Receives into the group's blocks until it is cancelled, the blocks run out, or the peer ends.
pub(super) fn receive(fd: types::Fd, key: Key) -> squeue::Entry {
    let entry = opcode::RecvMulti::new(fd, BLOCK_GROUP).build();
    entry.user_data(Operation::Receive(key).to_user_data())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_completion_names_what_was_submitted() {
        let keys = [0, 1, 9_999, 1 << 40].map(Key);
        let of_keys = keys.into_iter().flat_map(|k| [Operation::Receive(k), Operation::Send(k)]);
        for operation in of_keys.chain([Operation::Cancel, Operation::Bell]) {
            assert_eq!(Operation::from_user_data(operation.to_user_data()), operation);
        }
    }
}
