//! Rings of the real kernel, with socket pairs.

use super::{Parked, Ring, Socket};
use crate::net::socket::Accepted;
use crate::net::{BLOCK_LEN, Chunk, Outgoing};
use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Runs `work` on a thread that has a ring.
fn on_ring<T, W, F>(work: W) -> thread::JoinHandle<T>
where
    T: Send + 'static,
    W: FnOnce() -> F + Send + 'static,
    F: Future<Output = T>,
{
    thread::spawn(move || {
        let ring = Ring::install().unwrap();
        let came_to = ring.run(pin!(work())).unwrap();
        ring.uninstall();
        came_to
    })
}

fn pair() -> (Accepted, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(TIMEOUT)).unwrap();
    (Accepted::Unix(ours), theirs)
}

fn register(accepted: Accepted) -> Socket {
    Ring::of_this_thread().unwrap().register(accepted).unwrap()
}

async fn receive(socket: &mut Socket, inbox: &mut Chunk) -> usize {
    poll_fn(|cx| socket.poll_receive(cx, inbox)).await.unwrap()
}

async fn receive_exactly(socket: &mut Socket, len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let mut inbox = Chunk::default();
        assert_ne!(receive(socket, &mut inbox).await, 0, "ended after {} bytes", bytes.len());
        bytes.extend_from_slice(inbox.bytes());
    }
    bytes
}

async fn send(socket: &mut Socket, bytes: &[u8]) {
    let mut out = Outgoing::default();
    out.supply(bytes);
    poll_fn(|cx| socket.poll_send(cx, &mut out)).await.unwrap();
}

/// Lets the ring turn once.
async fn yield_once() {
    let mut turned = false;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::replace(&mut turned, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Bytes that show where one is missing.
fn pattern(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

#[test]
fn bytes_go_both_ways() {
    let (ours, mut theirs) = pair();
    let worker = on_ring(|| async {
        let mut socket = register(ours);
        let asked = receive_exactly(&mut socket, 5).await;
        send(&mut socket, b"answer").await;
        poll_fn(|cx| socket.poll_sent(cx)).await.unwrap();
        asked
    });
    theirs.write_all(b"asked").unwrap();
    let mut answer = String::new();
    theirs.read_to_string(&mut answer).unwrap();
    assert_eq!((answer.as_str(), &worker.join().unwrap()[..]), ("answer", &b"asked"[..]));
}

#[test]
fn what_does_not_fit_waits_for_its_turn() {
    let (ours, mut theirs) = pair();
    let worker = on_ring(|| async {
        let mut socket = register(ours);
        let mut inbox = Chunk::default();
        let mut seen = Vec::new();
        // A message that is not complete yet stays in front of what comes next.
        while receive(&mut socket, &mut inbox).await > 0 {
            let looked_at = inbox.len() - inbox.len() / 3;
            seen.extend_from_slice(&inbox.bytes()[..looked_at]);
            inbox.advance(looked_at);
        }
        seen.extend_from_slice(inbox.bytes());
        seen
    });
    theirs.write_all(&pattern(700_000)).unwrap();
    drop(theirs);
    assert_eq!(worker.join().unwrap(), pattern(700_000));
}

#[test]
fn one_who_does_not_read_is_not_read_from() {
    let (ours, mut theirs) = pair();
    let (read, may_read) = tokio::sync::oneshot::channel::<()>();
    let worker = on_ring(|| async {
        let mut socket = register(ours);
        may_read.await.unwrap();
        let mut total = 0;
        loop {
            let mut inbox = Chunk::default();
            match receive(&mut socket, &mut inbox).await {
                0 => return total,
                bytes => total += bytes,
            }
        }
    });
    theirs.set_nonblocking(true).unwrap();
    let (mut written, mut refused, block) = (0, 0, vec![7; BLOCK_LEN]);
    while refused < 20_000 {
        match theirs.write(&block) {
            Ok(bytes) => (written, refused) = (written + bytes, 0),
            Err(_) => refused += 1,
        }
        thread::yield_now();
    }
    // The ring's blocks, what waits, and both socket buffers.
    assert!(written < 4 << 20, "{written} bytes were taken although nobody read");
    read.send(()).unwrap();
    drop(theirs);
    assert_eq!(worker.join().unwrap(), written);
}

#[test]
fn a_long_answer_reaches_a_slow_reader_whole() {
    let (ours, mut theirs) = pair();
    let worker = on_ring(|| async {
        let mut socket = register(ours);
        for piece in pattern(3_000_000).chunks(200_000) {
            send(&mut socket, piece).await;
        }
        poll_fn(|cx| socket.poll_sent(cx)).await.unwrap();
    });
    let mut got = Vec::new();
    let mut small = [0; 1_000];
    while let Ok(bytes @ 1..) = theirs.read(&mut small) {
        got.extend_from_slice(&small[..bytes]);
    }
    worker.join().unwrap();
    assert!(got == pattern(3_000_000));
}

#[test]
fn many_talk_at_once_with_fewer_blocks_than_they_are() {
    let (ours, theirs): (Vec<_>, Vec<_>) = (0..300).map(|_| pair()).unzip();
    let worker = on_ring(|| async {
        let mut sockets: Vec<_> = ours.into_iter().map(register).collect();
        let mut total = 0;
        for socket in &mut sockets {
            total += receive_exactly(socket, 10_000).await.len();
        }
        total
    });
    for mut peer in theirs {
        peer.write_all(&pattern(10_000)).unwrap();
        std::mem::forget(peer);
    }
    assert_eq!(worker.join().unwrap(), 3_000_000);
}

#[test]
fn a_parked_connection_hears_that_its_peer_has_gone() {
    let (ours, theirs) = pair();
    let (parked, is_parked) = channel::<Parked>();
    let (end, may_end) = tokio::sync::oneshot::channel::<()>();
    let worker = on_ring(|| async move {
        parked.send(register(ours).park().unwrap()).unwrap();
        let _ = may_end.await;
    });
    let parked = is_parked.recv().unwrap();
    assert!(parked.is_quiet());
    drop(theirs);
    let deadline = Instant::now() + TIMEOUT;
    while parked.is_quiet() {
        assert!(Instant::now() < deadline, "never noticed");
        thread::yield_now();
    }
    end.send(()).unwrap();
    worker.join().unwrap();
}

#[test]
fn a_connection_that_is_given_up_ends_for_its_peer() {
    let (ours, mut theirs) = pair();
    let (end, may_end) = tokio::sync::oneshot::channel::<()>();
    let worker = on_ring(|| async move {
        let mut socket = register(ours);
        // More than the peer will ever take: the send is in flight when the socket goes.
        send(&mut socket, &pattern(4 << 20)).await;
        drop(socket);
        let _ = may_end.await;
    });
    let mut got = Vec::new();
    let _ = theirs.read_to_end(&mut got);
    assert!(got == pattern(4 << 20)[..got.len()], "a prefix of it");
    end.send(()).unwrap();
    worker.join().unwrap();
}

/// Two rings that hand a connection to and fro, and a peer that answers each request at once.
struct Shuttle {
    to: Sender<(Parked, u32)>,
    from: Receiver<(Parked, u32)>,
}

impl Shuttle {
    /// While the connection is at the other ring, this one keeps turning: it has to let go.
    fn run(&self, ring: &Ring, rounds: u32) {
        let deadline = Instant::now() + TIMEOUT;
        while Instant::now() < deadline {
            match self.from.try_recv() {
                Ok((parked, round)) if round < rounds => {
                    let _ = self.to.send((talk(parked, round), round + 1));
                }
                Ok(_) | Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => ring.run(pin!(yield_once())).unwrap(),
            }
        }
        panic!("the connection was lost on its way");
    }
}

/// One request and its answer, on this thread's ring.
fn talk(parked: Parked, round: u32) -> Parked {
    let ring = Ring::of_this_thread().unwrap();
    let talked = ring.run(pin!(async {
        let mut socket = parked.resume().expect("a connection that is quiet");
        send(&mut socket, &round.to_be_bytes()).await;
        assert_eq!(receive_exactly(&mut socket, 4).await, round.to_be_bytes());
        socket.park().expect("a connection that is settled")
    }));
    talked.unwrap()
}

/// Every answer arrives, although the ring before may still have been listening for it.
#[test]
fn a_connection_may_change_its_ring_at_any_time() {
    const ROUNDS: u32 = 2_000;
    let (ours, mut theirs) = pair();
    let peer = thread::spawn(move || {
        let mut request = [0; 4];
        while theirs.read_exact(&mut request).is_ok() && theirs.write_all(&request).is_ok() {}
    });
    let (to_first, at_first) = channel();
    let (to_second, at_second) = channel();
    let second = Shuttle { to: to_first.clone(), from: at_second };
    let first = Shuttle { to: to_second, from: at_first };
    let worker = |shuttle: Shuttle, begin: Option<Accepted>| {
        move || {
            let ring = Ring::install().unwrap();
            if let Some(begin) = begin {
                let parked = register(begin).park().unwrap();
                shuttle.to.send((parked, 0)).unwrap();
            }
            shuttle.run(&ring, ROUNDS);
            ring.uninstall();
        }
    };
    let threads = [thread::spawn(worker(first, Some(ours))), thread::spawn(worker(second, None))];
    drop(to_first);
    for thread in threads {
        thread.join().unwrap();
    }
    peer.join().unwrap();
}

#[test]
fn a_ring_that_ends_ends_what_was_parked_there() {
    let (ours, mut theirs) = pair();
    let home = on_ring(|| async move { register(ours).park().unwrap() });
    let parked = home.join().unwrap();
    assert!(!parked.is_quiet());
    let resumed = on_ring(|| async move { parked.resume().is_some() });
    assert!(!resumed.join().unwrap());
    assert_eq!(theirs.read(&mut [0; 1]).unwrap(), 0);
}

#[test]
fn a_sleeping_ring_is_woken_by_other_threads() {
    let (sender, mut letters) = tokio::sync::mpsc::unbounded_channel();
    let worker = on_ring(|| async move {
        let mut sum = 0;
        while let Some(letter) = letters.recv().await {
            sum += letter;
        }
        sum
    });
    (1..=100u32).for_each(|letter| sender.send(letter).unwrap());
    drop(sender);
    assert_eq!(worker.join().unwrap(), 5_050);
}

/// The heir is told what the old ring had heard, even if that ring ends before it has read the
/// letter that asks for it.
#[test]
fn a_connection_survives_the_end_of_the_ring_that_it_leaves() {
    let (ours, mut theirs) = pair();
    let (parked, is_parked) = channel::<Parked>();
    let (end, may_end) = channel::<()>();
    let old = thread::spawn(move || {
        let ring = Ring::install().unwrap();
        parked.send(register(ours).park().unwrap()).unwrap();
        // It does not turn any more: no letter is read before it ends.
        may_end.recv().unwrap();
        ring.uninstall();
    });
    let parked = is_parked.recv().unwrap();
    let new = on_ring(move || async move {
        let mut socket = parked.resume().expect("a connection that is quiet");
        end.send(()).unwrap();
        let mut inbox = Chunk::default();
        poll_fn(|cx| socket.poll_receive(cx, &mut inbox)).await
    });
    old.join().unwrap();
    let _ = theirs.write_all(b"late");
    let received = new.join().unwrap();
    // The bytes, or that they may have been lost: never a wait without end.
    assert!(!matches!(received, Ok(0)), "{received:?}");
}
