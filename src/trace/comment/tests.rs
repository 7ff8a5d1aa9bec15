//! That comments are found where they are, and nothing else is taken for one.

use super::*;
use proptest::prelude::*;

const PARENT_VALUE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// With `TP` for the pair of a traceparent.
fn sql(text: &str) -> Vec<u8> {
    text.replace("TP", &format!("traceparent='{PARENT_VALUE}'")).into_bytes()
}

fn has_context(text: &str) -> bool {
    context_of(&sql(text)).is_some()
}

fn cut(text: &str) -> Option<String> {
    without_context(&sql(text)).map(|left| String::from_utf8(left).unwrap())
}

#[test]
fn a_comment_at_either_end_is_read() {
    for text in [
        "SELECT 1 /*TP*/",
        "SELECT 1 /* TP */ ; \n",
        "/*TP*/ SELECT 1",
        " /* hi */ /*TP*/SELECT 1",
        "SELECT 1 /*action='%2Fcart',TP,tracestate='a%3D1'*/",
        "SELECT 1 /*a='it\\'s, fine',TP*/",
        "SELECT 1 /*TP*/ /*a='b'*/",
        "SELECT 1 -- /*TP*/",
        "SELECT '/*' /*TP*/",
        "SELECT 1 /* pgweir.role=primary, TP */",
    ] {
        assert!(has_context(text), "{text}");
    }
    let bare = format!("SELECT 1 /* traceparent={PARENT_VALUE} */");
    assert!(has_context(&bare));
}

#[test]
fn what_is_no_such_comment_is_not_read() {
    for text in [
        "SELECT 1",
        "",
        "*/",
        "/*/",
        "SELECT '/*TP*/'",
        "SELECT '/*TP*/' FROM t",
        "SELECT /*TP*/ 1",
        "SELECT 1 /* /*TP*/ */",
        "SELECT 1 /*TP",
        "TP*/",
        "SELECT 1 /*TPx*/",
        "SELECT 1 /*'TP'*/",
        "SELECT 1 /*xTP*/",
        "SELECT 1 /*traceparent=''*/",
        "SELECT 1 /*traceparent='00-zz'*/",
        "SELECT 1 /*\u{fc}='1',TP*/",
    ] {
        assert!(!has_context(text), "{text}");
    }
    let long = format!("SELECT 1 /*a='{}',TP*/", "x".repeat(COMMENT_LEN_MAX));
    assert!(!has_context(&long));
}

#[test]
fn a_state_comes_with_its_parent() {
    let context = context_of(&sql("SELECT 1 /*tracestate='congo%3Dt61%2Crojo%3D00',TP*/")).unwrap();
    assert_eq!(context.state.as_deref(), Some("congo=t61,rojo=00"));
}

#[test]
fn the_last_comment_with_a_parent_counts() {
    let other = PARENT_VALUE.replace("4bf9", "aaaa");
    let context = context_of(&sql(&format!("/*traceparent='{other}'*/ SELECT 1 /*TP*/"))).unwrap();
    assert_eq!(context.trace_id[0], 0x4b);
}

#[test]
fn only_the_context_is_cut() {
    let blank = " ".repeat("traceparent=''".len() + PARENT_VALUE.len());
    for (text, left) in [
        ("SELECT 1 /*TP*/", "SELECT 1 ".to_owned()),
        ("SELECT 1 /*TP,tracestate='a%3D1'*/;", "SELECT 1 ;".to_owned()),
        ("SELECT 1 /*a='b',TP,c='d'*/", "SELECT 1 /*a='b',c='d'*/".to_owned()),
        ("SELECT 1 /*a='b',TP*/", "SELECT 1 /*a='b',*/".to_owned()),
        ("SELECT 1 /*TP*/ /*a='b'*/", "SELECT 1  /*a='b'*/".to_owned()),
        ("/*a='b',TP*/ SELECT 1", format!("/*a='b',{blank}*/ SELECT 1")),
        ("/*TP*/ SELECT 1 /*TP*/", format!("{blank}     SELECT 1 ")),
        ("SELECT 1 /*pgweir.role='replica',TP*/", "SELECT 1 /*pgweir.role='replica',*/".to_owned()),
        ("SELECT 1 /*traceparent='wrong'*/", "SELECT 1 ".to_owned()),
        ("SELECT 1 /*TP, pgweir.role*/", "SELECT 1 /* pgweir.role*/".to_owned()),
    ] {
        assert_eq!(cut(text).as_deref(), Some(&left[..]), "{text}");
    }
}

#[test]
fn what_names_no_context_is_left_alone() {
    for text in ["SELECT 1", "", "SELECT 1 /*a='b'*/", "SELECT '/*TP*/'", "SELECT /*TP*/ 1"] {
        assert_eq!(cut(text), None, "{text}");
    }
}

#[test]
fn texts_that_differ_in_their_contexts_alone_are_one() {
    let text = |n: u32| {
        let parent = format!("00-{n:032x}-{n:016x}-0{}", n % 2);
        let state = format!("a%3D{}", "x".repeat(n as usize));
        [
            format!("SELECT 1 /*traceparent='{parent}',tracestate='{state}'*/"),
            format!("SELECT 1 /*route='a',traceparent='{parent}',tracestate='{state}'*/"),
            format!("/*traceparent='{parent}'*/ SELECT 1"),
        ]
        .map(|text| without_context(text.as_bytes()).unwrap())
    };
    let first = text(1);
    assert!((2..50).all(|n| text(n) == first));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(text: Vec<u8>) {
        let _ = (context_of(&text), without_context(&text));
    }

    #[test]
    fn no_soup_of_comments_is_too_strange(parts in prop::collection::vec(0..12usize, 0..30)) {
        let parts = parts.iter().map(|part| {
            ["/*", "*/", "'", ",", "=", "TP", "tracestate='a'", " ", ";", "\\", "SELECT 1", "\u{fc}"][*part]
        });
        let text = sql(&parts.collect::<String>());
        let _ = context_of(&text);
        if let Some(left) = without_context(&text) {
            prop_assert!(left.len() <= text.len());
            // More comments than are looked at come to light when others are cut.
            if memmem::find_iter(&text, b"/*").count() <= COMMENTS_MAX {
                prop_assert_eq!(context_of(&left), None, "{}", String::from_utf8_lossy(&left));
            }
        }
    }

    #[test]
    fn what_applications_write_is_read(
        key in "[a-z]{1,9}", value in "[a-z0-9%]{0,20}", trace in 1..u128::MAX, span in 1..u64::MAX,
    ) {
        let parent = format!("00-{trace:032x}-{span:016x}-01");
        let text = format!("SELECT 1 /*{key}='{value}',traceparent='{parent}'*/");
        prop_assert_eq!(context_of(text.as_bytes()).unwrap().trace_id, trace.to_be_bytes());
        let left = without_context(text.as_bytes()).unwrap();
        prop_assert_eq!(left, format!("SELECT 1 /*{key}='{value}',*/").into_bytes());
    }
}
