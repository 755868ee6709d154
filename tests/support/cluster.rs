//! A `PostgreSQL` server of the test's own, which it may kill and start again. What it acknowledged is on disk.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub struct Cluster {
    home: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Nothing where `PostgreSQL` is not installed.
    pub fn start() -> Option<Self> {
        let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().collect();
        versions.sort_by_key(std::fs::DirEntry::path);
        let bin = versions.last()?.path().join("bin");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { home: tempfile::tempdir().unwrap(), bin, port };
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.home.path()).status().unwrap();
            assert!(owned.success());
        }
        cluster.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]);
        cluster.up();
        Some(cluster)
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// It refuses to run as root.
    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, program: &str, args: &[&str]) {
        let done = self.command(program).arg("-D").arg(self.data()).args(args).status().unwrap();
        assert!(done.success(), "{program} {args:?}");
    }

    /// Starts the server, and waits until it takes connections.
    pub fn up(&self) {
        let settings =
            format!("-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=on", self.port, self.home.path().display());
        let log = self.home.path().join("log");
        self.run("pg_ctl", &["-l", &log.display().to_string(), "-o", &settings, "-w", "start"]);
    }

    /// Kills the server with all its connections, as a power cut would.
    pub fn kill(&self) {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"]);
    }

    /// Runs SQL as who may do everything.
    pub fn sql(&self, sql: &str) {
        let mut psql = self.command("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-q"]);
        let mut psql = psql.stdin(Stdio::piped()).spawn().unwrap();
        psql.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        assert!(psql.wait().unwrap().success(), "{sql}");
    }

    /// The address of a database for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).status();
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|own| own.uid() == 0)
}
