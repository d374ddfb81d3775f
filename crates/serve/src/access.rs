//! Who may call: the token, and the names of host and origin.

use std::fmt;
use std::net::IpAddr;

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::problem::{Problem, ProblemKind};

/// Who may call.
///
/// A page of another site that is open in a browser beside the server must not use it: it can send
/// requests to this machine, also by a name of its own that it points here. So on a loopback address only
/// requests to this machine by a name of it are served, and everywhere a request that a page sends has
/// to come from the server's own page.
#[derive(Clone, Debug)]
pub struct Access {
    token: Option<Token>,
    names: Vec<String>,
    is_loopback: bool,
}

/// A token, by its digest: comparing two of them tells nothing of how much is right.
#[derive(Clone)]
struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

impl Access {
    /// Access to a server that listens on `address`, without a token.
    #[must_use]
    pub fn on(address: IpAddr) -> Self {
        Self { token: None, names: Vec::new(), is_loopback: address.is_loopback() }
    }

    /// Only with this token, as in `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self { token: Some(Token::new(token)), ..self }
    }

    /// Also by these names, without a port: those under which a proxy or a network knows it. Then no
    /// others are served, wherever it listens.
    #[must_use]
    pub fn with_names(self, names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { names, ..self }
    }

    /// Whether calls need a token.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// Refuses requests to other hosts and from pages of other sites.
    pub(crate) fn check_names(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let refused = |detail: String| Err(Problem::new(ProblemKind::Forbidden, detail));
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = uri.authority().map(Authority::as_str).or_else(|| text(HOST));
        let host = host.map(str::to_ascii_lowercase);
        let name = host.as_deref().map(name_of);
        let is_known = name.is_some_and(|name| self.serves(name));
        if !is_known && (self.is_loopback || !self.names.is_empty()) {
            let found = host.unwrap_or_default();
            return refused(format!(
                "host {found:?} is not a name of this server: start it with --host NAME to serve it"
            ));
        }
        let Some(origin) = text(ORIGIN) else { return Ok(()) };
        let from = origin.split_once("://").map(|(_, from)| from.to_ascii_lowercase());
        let is_own = from.as_ref().is_some_and(|from| {
            Some(from) == host.as_ref() || self.names.iter().any(|name| name == name_of(from))
        });
        if is_own {
            return Ok(());
        }
        refused(format!(
            "origin {origin:?} is another site: only the server's own page may call it"
        ))
    }

    fn serves(&self, name: &str) -> bool {
        let is_local = || {
            let bare = name.trim_start_matches('[').trim_end_matches(']');
            name == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        };
        self.names.iter().any(|known| known == name) || self.is_loopback && is_local()
    }

    /// Refuses requests without the token.
    pub(crate) fn check_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(Token(expected)) = &self.token else { return Ok(()) };
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given.and_then(|text| {
            let (scheme, token) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        match given.map(Token::new) {
            Some(Token(found)) if bool::from(found.ct_eq(expected)) => Ok(()),
            Some(_) => {
                Err(Problem::new(ProblemKind::Unauthorized, "the token is not the right one"))
            }
            None => Err(Problem::new(
                ProblemKind::Unauthorized,
                "this server needs a token: send the header Authorization: Bearer TOKEN",
            )),
        }
    }
}

/// The name of a host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn allows(access: &Access, pairs: &[(&'static str, &'static str)]) -> bool {
        access.check_names(&Uri::from_static("/v1/models"), &headers(pairs)).is_ok()
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_served() {
        let access = Access::on([127, 0, 0, 1].into());
        for host in
            ["localhost", "localhost:7860", "127.0.0.1:7860", "127.9.9.9", "[::1]:80", "LocalHost"]
        {
            assert!(allows(&access, &[("host", host)]), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "192.168.1.5:7860", "", "0.0.0.0", "[::2]"]
        {
            assert!(!allows(&access, &[("host", host)]), "{host}");
        }
        assert!(!allows(&access, &[]));
        let named = access.with_names(["models.example".to_owned()]);
        assert!(allows(&named, &[("host", "models.example:443")]));
        assert!(allows(&named, &[("host", "localhost:7860")]));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let loopback = Access::on([127, 0, 0, 1].into());
        let open = Access::on([0, 0, 0, 0].into());
        for access in [&loopback, &open] {
            let host = ("host", "localhost:7860");
            assert!(allows(access, &[host, ("origin", "http://localhost:7860")]));
            for origin in ["http://evil.example", "null", "http://localhost:7861", ""] {
                assert!(!allows(access, &[host, ("origin", origin)]), "{origin}");
            }
        }
        assert!(allows(&open, &[("host", "anything.example")]));
        // Behind a proxy that keeps its own name from us.
        let named = open.with_names(["models.example".to_owned()]);
        let pairs = [("host", "models.example"), ("origin", "https://models.example")];
        assert!(allows(&named, &pairs));
        assert!(!allows(&named, &[("host", "other.example")]));
    }

    #[test]
    fn the_token_has_to_be_right() {
        let access = Access::on([127, 0, 0, 1].into());
        assert!(access.check_token(&headers(&[])).is_ok());
        let access = access.with_token("secret");
        assert!(access.check_token(&headers(&[("authorization", "Bearer secret")])).is_ok());
        assert!(access.check_token(&headers(&[("authorization", "bearer secret")])).is_ok());
        for value in ["Bearer secre", "Bearer secrets", "Bearer ", "secret", "Basic secret", ""] {
            let refused = access.check_token(&headers(&[("authorization", value)])).unwrap_err();
            assert_eq!(refused.kind(), ProblemKind::Unauthorized, "{value}");
        }
        assert!(access.check_token(&headers(&[])).is_err());
        assert!(!format!("{access:?}").contains("secret"));
    }
}
