//! Who may call, over a socket, and what the page is served with.

mod common;

use common::{JSON, Running};

#[test]
fn other_hosts_and_other_sites_are_refused() {
    let server = Running::new();
    let get = |headers: &[(&str, &str)]| server.send("GET", "/v1/models", headers, b"");
    assert_eq!(get(&[("host", "localhost:7860")]).status, 200);
    get(&[("host", "evil.example")]).problem(403, None);
    get(&[("host", "localhost"), ("origin", "http://evil.example")]).problem(403, None);
    assert_eq!(get(&[("host", "localhost"), ("origin", "http://localhost")]).status, 200);
    // Probes come by address.
    assert_eq!(server.send("GET", "/healthz", &[("host", "10.0.0.7")], b"").status, 200);
    assert_eq!(get(&[]).header("access-control-allow-origin"), None);
}

#[test]
fn without_the_token_only_the_page_and_probes_are_served() {
    let server = Running::with(|_| {}, |access| access.with_token("s3cret"));
    for path in ["/", "/page.js", "/page.css", "/healthz", "/readyz", "/openapi.json"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    for path in ["/v1/models", "/metrics", "/v1/samples/x", "/v1/none"] {
        server.get(path).problem(401, None);
    }
    let reply = server.post("/v1/samples", "*/*", "{}");
    reply.problem(401, None);
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    let headers = [JSON, ("authorization", "Bearer s3cret")];
    let reply = server.send("POST", "/v1/samples", &headers, br#"{"count": 1, "steps": 1}"#);
    assert_eq!(reply.status, 200);
}

#[test]
fn the_page_runs_no_script_but_its_own() {
    let server = Running::new();
    let page = server.get("/");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap_or_default().to_owned();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    // An inline script or style would not run.
    let text = page.text();
    for inline in ["<script>", "<style", " onclick=", " style="] {
        assert!(!text.contains(inline), "{inline}");
    }
    let tag = page.header("etag").unwrap_or_default().to_owned();
    let again = server.send("GET", "/", &[("if-none-match", &tag)], b"");
    assert_eq!((again.status, again.body.len()), (304, 0));
}
