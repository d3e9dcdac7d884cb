//! Splits a list of hosts.
//!
//! The driver can try several hosts itself, but it waits for each one without a limit: a frozen
//! first host would hide a healthy second one forever.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The name and port of each host, with a configuration for this host only.
#[must_use]
pub(crate) fn hosts(list: &Config) -> Vec<(String, Config)> {
    let ports = list.get_ports();
    list.get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            let address = list.get_hostaddrs().get(index).copied();
            (
                format!("{}:{port}", name(host)),
                only(list, host, address, port),
            )
        })
        .collect()
}

fn name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

fn only(list: &Config, host: &Host, address: Option<IpAddr>, port: u16) -> Config {
    let mut config = Config::new();
    match host {
        Host::Tcp(name) => config.host(name),
        Host::Unix(path) => config.host_path(path),
    };
    config.port(port);
    config
        .ssl_mode(list.get_ssl_mode())
        .ssl_negotiation(list.get_ssl_negotiation());
    config.target_session_attrs(list.get_target_session_attrs());
    config.channel_binding(list.get_channel_binding());
    config
        .keepalives(list.get_keepalives())
        .keepalives_idle(list.get_keepalives_idle());
    address.map(|address| config.hostaddr(address));
    list.get_user().map(|user| config.user(user));
    list.get_password()
        .map(|password| config.password(password));
    list.get_dbname().map(|database| config.dbname(database));
    list.get_options().map(|options| config.options(options));
    list.get_application_name()
        .map(|name| config.application_name(name));
    list.get_connect_timeout()
        .map(|limit| config.connect_timeout(*limit));
    list.get_tcp_user_timeout()
        .map(|limit| config.tcp_user_timeout(*limit));
    list.get_keepalives_interval()
        .map(|interval| config.keepalives_interval(interval));
    list.get_keepalives_retries()
        .map(|retries| config.keepalives_retries(retries));
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_keeps_all_other_settings() {
        let list: Config = "host=a,b port=1,2 user=u password=p dbname=d connect_timeout=3 \
                            sslmode=require target_session_attrs=read-write application_name=n"
            .parse()
            .unwrap();
        let alone: Config = "host=b port=2 user=u password=p dbname=d connect_timeout=3 \
                             sslmode=require target_session_attrs=read-write application_name=n"
            .parse()
            .unwrap();

        let hosts = hosts(&list);

        assert_eq!(hosts.len(), 2);
        assert_eq!(hosts[1], ("b:2".to_owned(), alone));
    }

    #[test]
    fn single_port_applies_to_all_hosts() {
        let list: Config = "host=a,b port=6543".parse().unwrap();

        let names: Vec<_> = hosts(&list).into_iter().map(|(name, _)| name).collect();

        assert_eq!(names, ["a:6543", "b:6543"]);
    }
}
