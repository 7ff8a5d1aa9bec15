//! A session without a connection: what is held for a client that does not read.

use crate::admin::access::Right;
use crate::admin::console::{Console, LARGE_RESULTS_MAX, Open, PIPE_LEN};
use crate::admin::sample;
use crate::pooler::Letter;
use crate::pooler::survey::PART_LEN;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;

const CLIENTS: u32 = 100_000;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

/// A worker with so many clients.
async fn crowded_worker(mut letters: UnboundedReceiver<Letter>) {
    while let Some(letter) = letters.recv().await {
        let Letter::Survey(tell) = letter else { continue };
        let part = u32::try_from(PART_LEN).unwrap();
        for first in (0..CLIENTS).step_by(PART_LEN) {
            let _ = tell.send((first..first + part).map(sample::client).collect()).await;
        }
    }
}

fn crowded_console() -> Arc<Console> {
    let (console, letters) = sample::console();
    console.run_on(Handle::current());
    tokio::spawn(crowded_worker(letters));
    console
}

/// A client who has asked for all clients, and has seen that the answer begins.
async fn asks_for_all(console: &Arc<Console>) -> Open {
    let mut open = console.open(sample::client(1).who, Right::Look).unwrap();
    let text = b"SHOW CLIENTS\0";
    let len = u32::try_from(text.len() + 4).unwrap().to_be_bytes();
    open.pipe.write_all(&[b"Q", &len[..], &text[..]].concat()).await.unwrap();
    assert_eq!(open.pipe.read_u8().await.unwrap(), b'T');
    open
}

/// How many rows come until the session is ready again; the tag of the first message has been read.
async fn rest(open: &mut Open) -> (u32, String) {
    let (mut rows, mut tag, mut kind) = (0, String::new(), b'T');
    loop {
        let len = open.pipe.read_u32().await.unwrap();
        let mut body = vec![0; len as usize - 4];
        open.pipe.read_exact(&mut body).await.unwrap();
        match kind {
            b'D' => rows += 1,
            b'C' => tag = String::from_utf8_lossy(&body[..body.len() - 1]).into_owned(),
            b'Z' => return (rows, tag),
            _ => {}
        }
        kind = open.pipe.read_u8().await.unwrap();
    }
}

#[test]
fn a_large_result_is_held_once_and_sent_as_it_is_read() {
    runtime().block_on(async {
        let console = crowded_console();
        let mut open = asks_for_all(&console).await;
        assert_eq!(console.large().available_permits(), LARGE_RESULTS_MAX - 1);
        // Nothing is written ahead but what the pipe holds: a hundredth of the whole.
        const { assert!(PIPE_LEN <= 64 * 1024) };
        let (rows, tag) = tokio::time::timeout(PATIENCE, rest(&mut open)).await.unwrap();
        assert_eq!((rows, tag.as_str()), (CLIENTS, "SHOW 100000"));
        assert_eq!(console.large().available_permits(), LARGE_RESULTS_MAX);
    });
}

#[test]
fn a_client_that_is_given_up_leaves_nothing_held() {
    runtime().block_on(async {
        let console = crowded_console();
        let open = asks_for_all(&console).await;
        assert_eq!(console.large().available_permits(), LARGE_RESULTS_MAX - 1);
        drop(open);
        let all = u32::try_from(LARGE_RESULTS_MAX).unwrap();
        let freed = tokio::time::timeout(PATIENCE, console.large().acquire_many(all)).await;
        assert!(freed.is_ok_and(|permits| permits.is_ok()));
    });
}
