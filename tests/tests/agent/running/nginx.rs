//! The web server in front: the routes of deploy/agent/nginx.conf, in a real nginx, before a real agent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use bufferlake_tests::harness::{Agent, Scratch, free_port, until};
use bufferlake_tests::http::{self, Response};
use rusqlite::Connection;

use super::deployment::deploy;
use super::{BODY, alone, installed, require};

/// A running nginx; it ends when dropped.
pub(super) struct Nginx {
    child: Child,
    pub(super) address: SocketAddr,
    config: PathBuf,
}

impl Nginx {
    /// A site with the agent's routes; `more` is added to its `server`.
    pub(super) fn start(scratch: &Scratch, agent: &Agent, more: &str) -> anyhow::Result<Self> {
        let snippet = std::fs::read_to_string(deploy().join("nginx.conf"))?;
        let snippet = snippet.replace("127.0.0.1:8081", &agent.address().to_string());
        let dir = scratch.join("nginx");
        std::fs::create_dir_all(dir.join("site"))?;
        std::fs::copy(deploy().join("telemetry-demo.html"), dir.join("site/telemetry-demo.html"))?;
        std::fs::write(dir.join("snippet.conf"), snippet)?;
        let at = |name: &str| dir.join(name).display().to_string();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        // Everything that it writes lies in the test's directory.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {};\n", at(what)))
            .concat();
        let text = format!(
            "daemon off;\nmaster_process off;\npid {};\nerror_log {} info;\nevents {{}}\nhttp {{\n{temporary}access_log {};\n\
             server {{\nlisten {address};\nroot {};\n{more}\ninclude {};\n}}\n}}\n",
            at("pid"),
            at("error.log"),
            at("access.log"),
            at("site"),
            at("snippet.conf"),
        );
        let config = dir.join("nginx.conf");
        std::fs::write(&config, text)?;
        let checked = Command::new("nginx").arg("-t").arg("-c").arg(&config).arg("-e").arg(at("start.log")).output()?;
        ensure!(checked.status.success(), "nginx -t: {}", String::from_utf8_lossy(&checked.stderr));
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&config)
            .arg("-e")
            .arg(at("start.log"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting nginx")?;
        let nginx = Self { child, address, config };
        until("nginx answers", Duration::from_secs(20), || http::get(address, "/telemetry-demo.html").ok())?;
        Ok(nginx)
    }

    fn post(&self, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
        let headers = [&[("content-type", "application/json")], headers].concat();
        http::fetch(self.address, &http::request("POST", "/api/telemetry", &headers, BODY.as_bytes()))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address under which the newest result was kept.
fn newest_client(agent: &Agent) -> anyhow::Result<IpAddr> {
    let connection = Connection::open(agent.dir().join("agent.sqlite"))?;
    let newest = "SELECT client_ip FROM history ORDER BY local_id DESC LIMIT 1";
    let bytes: [u8; 16] = connection.query_row(newest, [], |row| row.get(0))?;
    Ok(IpAddr::from(bytes).to_canonical())
}

// Aim: through nginx as we tell operators to set it up, a result is kept under the address that nginx saw, whatever the
// client claims; behind a load balancer that nginx was told of, under the address that this one saw.
#[test]
fn the_client_behind_nginx_is_the_one_that_nginx_saw() -> anyhow::Result<()> {
    if !installed("nginx") {
        return Ok(());
    }
    let scratch = Scratch::new("agent-nginx")?;
    let (mut agent, _) = alone(&scratch, |options| options)?;
    let nginx = Nginx::start(&scratch, &agent, "")?;
    let claims: &[&[(&str, &str)]] = &[
        &[],
        &[("x-forwarded-for", "198.51.100.1")],
        &[("x-forwarded-for", "198.51.100.1, 127.0.0.1")],
        &[("forwarded", "for=198.51.100.1")],
        &[("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=198.51.100.1")],
        &[("x-real-ip", "198.51.100.1")],
    ];
    for claim in claims {
        require(&nginx.post(claim)?, 200)?;
        ensure!(newest_client(&agent)?.is_loopback(), "{claim:?} was kept as {}", newest_client(&agent)?);
    }
    drop(nginx);

    let believed = "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\nreal_ip_recursive on;";
    let nginx = Nginx::start(&scratch, &agent, believed)?;
    for (claim, client) in [
        ("203.0.113.9", "203.0.113.9"),
        // Left of what the load balancer wrote stands what the client wrote.
        ("198.51.100.1, 203.0.113.10", "203.0.113.10"),
        ("198.51.100.1, 2001:db8::10", "2001:db8::10"),
    ] {
        require(&nginx.post(&[("x-forwarded-for", claim)])?, 200)?;
        let kept = newest_client(&agent)?;
        ensure!(kept == client.parse::<IpAddr>()?, "{claim} was kept as {kept}");
    }
    ensure!(nginx.config.exists());
    agent.stop()
}

// Aim: a test site has all that its page needs, and the support desk is closed to the public even before its key is asked for.
#[test]
fn a_test_site_has_its_routes() -> anyhow::Result<()> {
    if !installed("nginx") {
        return Ok(());
    }
    let scratch = Scratch::new("agent-nginx-routes")?;
    let (mut agent, _) = alone(&scratch, |options| options.with("sponsor.name", "Example ISP"))?;
    let public = "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;";
    let nginx = Nginx::start(&scratch, &agent, public)?;
    let get = |path: &str, client: &str| {
        http::fetch(nginx.address, &http::request("GET", path, &[("x-forwarded-for", client)], b""))
    };
    let public = "203.0.113.9";
    ensure!(get("/api/sponsor", public)?.json()?["sponsor_name"] == "Example ISP");
    let script = get("/telemetry.js", public)?;
    require(&script, 200)?;
    ensure!(script.header("etag").is_some() && script.header("cache-control").is_some(), "{:?}", script.headers);
    // What the agent alone should be asked on its own machine.
    for path in ["/api/health", "/metrics"] {
        require(&get(path, public)?, 404)?;
    }
    let desk = [
        "/support",
        "/support/login",
        "/api/telemetry/recent",
        "/api/telemetry/customer/192.0.2.1",
        "/api/telemetry/stats",
    ];
    for path in desk {
        require(&get(path, public)?, 403)?;
        let inside = get(path, "10.1.2.3")?;
        ensure!(inside.status != 403 && inside.status < 500, "{path} from inside: {}", inside.status);
    }
    // However the path is spelt.
    for path in
        ["//api/telemetry/recent", "/api/./telemetry/recent", "/x/../api/telemetry/recent", "/api/telemetry%2frecent"]
    {
        require(&get(path, public)?, 403)?;
    }
    let around = get("/api/telemetry/customer/..%2f..%2ftelemetry", public)?;
    require(&around, 405)?;
    // A body that the agent would refuse is refused by nginx before it is read.
    let long = http::request("POST", "/api/telemetry", &[], "x".repeat(70_000).as_bytes());
    require(&http::fetch(nginx.address, &long)?, 413)?;
    let access = std::fs::read_to_string(scratch.join("nginx/access.log")).unwrap_or_default();
    ensure!(!access.contains("/api/telemetry/customer"), "a customer's address is in nginx's log:\n{access}");
    agent.stop()
}
