//! The real program under load: stalled connections, bodies without a session, and browsers that do not read.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failed set-up fails the test"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

/// Serializes the tests, which measure memory and time.
static SERIAL: Mutex<()> = Mutex::new(());

/// The console, with a cluster that does not exist.
struct Console {
    process: Child,
    address: SocketAddr,
    token: String,
    _dir: tempfile::TempDir,
}

impl Console {
    fn start(descriptors: u32) -> Self {
        Self::start_with("kubeconfig", descriptors)
    }

    fn start_with(cluster: &str, descriptors: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let site = dir.path().join("site");
        fs::create_dir_all(&site).unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        fs::write(
            &kubeconfig,
            "apiVersion: v1\nkind: Config\ncurrent-context: none\n\
             clusters: [{name: none, cluster: {server: 'https://127.0.0.1:1'}}]\n\
             contexts: [{name: none, context: {cluster: none, user: none}}]\n\
             users: [{name: none, user: {}}]\n",
        )
        .unwrap();
        let mut process = Command::new("sh")
            .args([
                "-c",
                "ulimit -n \"$1\"; shift; exec \"$@\"",
                "sh",
                &descriptors.to_string(),
            ])
            .arg(env!("CARGO_BIN_EXE_jobwright"))
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--cluster",
                cluster,
                "--data-dir",
            ])
            .arg(dir.path().join("data"))
            .arg("--site-dir")
            .arg(&site)
            .env("KUBECONFIG", &kubeconfig)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split("http://").nth(1).unwrap();
        let (address, token) = address.trim().split_once("/?token=").unwrap();
        Self {
            process,
            address: address.parse().unwrap(),
            token: token.to_owned(),
            _dir: dir,
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect_timeout(&self.address, Duration::from_secs(5)).unwrap()
    }

    /// Sends a request and reads the whole response.
    fn send(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).unwrap();
        String::from_utf8_lossy(&response).into_owned()
    }

    fn is_live(&self) -> bool {
        self.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 200")
    }

    /// Returns the cookie of a new session.
    fn sign_in(&self) -> String {
        let response = self.send(&format!(
            "GET /?token={} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.token, self.address
        ));
        let cookie = response
            .split("set-cookie: ")
            .nth(1)
            .unwrap_or_else(|| panic!("{response}"));
        cookie.split(';').next().unwrap().to_owned()
    }

    /// Returns a field of `/proc/PID/status` in KiB.
    fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(
            Path::new("/proc")
                .join(self.process.id().to_string())
                .join("status"),
        )
        .unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // Fails only if the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until the peer closes; returns how long that took, or `None` if it did not within `limit`.
fn closed_after(stream: &mut TcpStream, begin: Instant, limit: Duration) -> Option<Duration> {
    let mut buffer = [0; 4096];
    loop {
        let left = limit
            .checked_sub(begin.elapsed())
            .filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => return Some(begin.elapsed()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
            Err(_) => return Some(begin.elapsed()),
        }
    }
}

#[test]
fn idle_connections_do_not_exhaust_descriptors() {
    let _guard = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    server::process::raise_descriptor_limit();
    let console = Console::start(1024);
    let idle: Vec<TcpStream> = (0..2000).map(|_| console.connect()).collect();
    // Idle connections are closed to make room.
    assert!(console.is_live());
    drop(idle);
    assert!(console.is_live());
}

#[test]
fn incomplete_requests_are_closed_within_fifteen_seconds() {
    let _guard = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let console = Console::start(4096);
    let cookie = console.sign_in();
    let host = console.address;
    let call = format!(
        "POST /api/create HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\n"
    );
    let halves = [
        String::new(),
        "G".to_owned(),
        "GET / HTTP/1.1\r\nHost: x\r\n".to_owned(),
        format!("{call}Content-Length: 100\r\n\r\n{{"),
        format!("{call}Content-Length: 3000000\r\n\r\n{{"),
        format!("{call}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"),
        format!("POST /session HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\ntoken="),
        // A complete request, and then nothing.
        format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ];
    let begin = Instant::now();
    let waiting: Vec<_> = halves
        .into_iter()
        .map(|half| {
            let mut stream = console.connect();
            stream.write_all(half.as_bytes()).unwrap();
            // Each sends a little more now and then, as if it were only slow.
            let mut more = stream.try_clone().unwrap();
            thread::spawn(move || {
                let body = half.contains("\r\n\r\n") && half.contains("Content-Length");
                let head = !half.contains("\r\n\r\n") && !half.is_empty();
                while begin.elapsed() < Duration::from_secs(16) && (body || head) {
                    thread::sleep(Duration::from_secs(1));
                    if more.write_all(b"x").is_err() {
                        return;
                    }
                }
            });
            thread::spawn(move || closed_after(&mut stream, begin, Duration::from_secs(15)))
        })
        .collect();
    for (index, half) in waiting.into_iter().enumerate() {
        assert!(
            half.join().unwrap().is_some(),
            "half request {index} is still open after 15 s"
        );
    }
}

#[test]
fn bodies_without_a_session_take_no_memory() {
    const CONNECTIONS: usize = 150;
    let _guard = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let console = Console::start(4096);
    let ended = console.sign_in();
    let response = console.send(&format!(
        "POST /sign-out HTTP/1.1\r\nHost: {}\r\nCookie: {ended}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        console.address
    ));
    assert!(response.starts_with("HTTP/1.1 303"), "{response}");
    for cookie in [
        String::new(),
        format!("Cookie: {ended}\r\n"),
        "Cookie: jobwright-1=forged\r\n".to_owned(),
    ] {
        let before = console.memory("VmRSS");
        let head = format!(
            "POST /api/create HTTP/1.1\r\nHost: {}\r\n{cookie}Content-Type: application/json\r\nContent-Length: 3000000\r\n\r\n",
            console.address
        );
        let sending: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (mut stream, head) = (console.connect(), head.clone());
                thread::spawn(move || {
                    stream.write_all(head.as_bytes()).unwrap();
                    let mut reading = stream.try_clone().unwrap();
                    let response = thread::spawn(move || {
                        let mut response = String::new();
                        // The connection may be reset after the response.
                        let _ = reading.read_to_string(&mut response);
                        response
                    });
                    for _ in 0..30 {
                        if stream.write_all(&vec![b'x'; 100_000]).is_err() {
                            break;
                        }
                    }
                    response.join().unwrap()
                })
            })
            .collect();
        let mut peak = 0;
        while !sending.iter().all(thread::JoinHandle::is_finished) {
            peak = peak.max(console.memory("VmRSS"));
            thread::sleep(Duration::from_millis(20));
        }
        for response in sending {
            let response = response.join().unwrap();
            assert!(response.starts_with("HTTP/1.1 401"), "{response:?}");
        }
        let grown = peak.saturating_sub(before) / 1024;
        assert!(grown < 30, "{grown} MiB for {cookie:?}");
    }
}

#[test]
fn streams_per_session_are_limited_and_released() {
    let _guard = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let console = Console::start(4096);
    let cookie = console.sign_in();
    let open = || {
        let mut stream = console.connect();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "GET /stream/jobs?project=demo HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n",
            console.address
        )
        .unwrap();
        let mut response = [0; 512];
        let length = stream.read(&mut response).unwrap();
        (stream, String::from_utf8_lossy(&response[..length]).into_owned())
    };
    let mut streams = Vec::new();
    for index in 0..server::session::MAX_STREAMS {
        let (stream, response) = open();
        assert!(response.starts_with("HTTP/1.1 200"), "{index}: {response}");
        streams.push(stream);
    }
    let (_, response) = open();
    assert!(response.starts_with("HTTP/1.1 429"), "{response}");
    assert!(response.contains("retry-after: 5"), "{response}");
    streams.truncate(10);
    let begin = Instant::now();
    while !open().1.starts_with("HTTP/1.1 200") {
        assert!(begin.elapsed() < Duration::from_mins(1));
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn huge_manifests_do_not_block_other_requests() {
    const LABELS: usize = 100_000;
    let _guard = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let console = Console::start_with("embedded", 4096);
    let cookie = console.sign_in();
    let mut text = String::from("apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\n  labels:\n");
    for label in 0..LABELS {
        writeln!(text, "    -l{label}: v").unwrap();
    }
    text.push_str(
        "spec: {template: {spec: {restartPolicy: Never, containers: [{name: pi, image: perl}]}}}\n",
    );
    let body = json!({"project": "demo", "text": text, "dry_run": true, "done": []}).to_string();
    let request = format!(
        "POST /api/create HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        console.address,
        body.len()
    );
    let begin = Instant::now();
    let responses: Vec<String> = thread::scope(|scope| {
        let requests: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = console.connect();
                    stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut response = String::new();
                    stream.read_to_string(&mut response).unwrap();
                    response
                })
            })
            .collect();
        let mut times = Vec::new();
        while !requests.iter().all(thread::ScopedJoinHandle::is_finished) {
            let begin = Instant::now();
            assert!(console.is_live());
            times.push(begin.elapsed());
            thread::sleep(Duration::from_millis(20));
        }
        times.sort();
        println!(
            "healthz meanwhile: {:?} in the middle, {:?} at most; {:?} in all",
            times[times.len() / 2],
            times[times.len() - 1],
            begin.elapsed()
        );
        // One that has to wait for a manifest takes about a third of the whole.
        assert!(times[times.len() / 2] * 20 < begin.elapsed(), "{times:?}");
        assert!(times[times.len() - 1] * 4 < begin.elapsed(), "{times:?}");
        requests
            .into_iter()
            .map(|request| request.join().unwrap())
            .collect()
    });
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
    for response in responses {
        assert!(
            response.starts_with("HTTP/1.1 200"),
            "{}",
            &response[..response.len().min(2000)]
        );
        assert!(response.len() < 200_000, "{}", response.len());
        assert!(response.contains("and 900 more"), "{response}");
    }
    println!("peak memory: {} MiB", console.memory("VmHWM") / 1024);
    assert!(console.memory("VmHWM") / 1024 < 600);
}
