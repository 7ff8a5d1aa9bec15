//! Commands carried out; none of them can hang for ever.

use super::Act;
use crate::admin::console::Console;
use crate::admin::error;
use crate::admin::house::Set;
use crate::pooler::commands::CannotCommand;
use crate::pooler::{Pool, Pooler, Whom};
use crate::protocol::error_response::ErrorReport;
use std::sync::Arc;
use std::time::Duration;

/// How long PAUSE and WAIT_CLOSE wait for servers that clients do not let go.
const WAIT_LIMIT: Duration = Duration::from_secs(60);

/// How often they look: far less than anybody notices, far more than anything costs.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What a command has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::admin) struct Done {
    /// The tag, if it is another than the command's word.
    pub(in crate::admin) tag: Option<String>,
    /// What is to be said beside it.
    pub(in crate::admin) notices: Vec<String>,
}

/// Does it.
pub(in crate::admin) async fn run(console: &Console, act: &Act) -> Result<Done, ErrorReport> {
    let pooler = console.pooler();
    match act {
        Act::Pause(name) => pause(pooler, name.as_deref()).await?,
        Act::Resume(name) => on(name.as_deref(), |name| pooler.resume(name))?,
        Act::Disable(name) => on(Some(name), |_| pooler.disable(name))?,
        Act::Enable(name) => on(Some(name), |_| pooler.enable(name))?,
        Act::Reconnect(name) => on(name.as_deref(), |name| pooler.reconnect(name))?,
        Act::Kill(name) => kill(pooler, name.as_deref()).await?,
        Act::KillClient(id) => kill_client(pooler, *id).await?,
        Act::WaitClose(name) => {
            on(name.as_deref(), |name| pooler.must_know(name))?;
            wait_for(pooler, "WAIT_CLOSE", name.as_deref(), WAIT_LIMIT, |pool| !pool.has_marked())
                .await?;
        }
        Act::Reload => return reload(console).await,
        Act::Set(key, value) => return set(console, key, value).await,
        Act::Shutdown(how) => console.house().shut_down(*how).map_err(error::gone)?,
        Act::Suspend => return Err(error::no_suspend()),
    }
    Ok(Done::default())
}

fn on(
    name: Option<&str>,
    act: impl FnOnce(Option<&str>) -> Result<(), CannotCommand>,
) -> Result<(), ErrorReport> {
    act(name).map_err(|why| error::database(name, why))
}

async fn pause(pooler: &Arc<Pooler>, name: Option<&str>) -> Result<(), ErrorReport> {
    on(name, |name| pooler.pause(name))?;
    wait_for(pooler, "PAUSE", name, WAIT_LIMIT, |pool| pool.is_drained()).await
}

/// Waits until this is so of every pool of the databases, at most as long as `limit`.
async fn wait_for(
    pooler: &Arc<Pooler>,
    what: &str,
    name: Option<&str>,
    limit: Duration,
    is_done: impl Fn(&Arc<Pool>) -> bool,
) -> Result<(), ErrorReport> {
    let all_done = async {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            if pooler.of(name).all(|pool| is_done(&pool)) {
                return;
            }
        }
    };
    let done = tokio::time::timeout(limit, all_done).await;
    done.map_err(|_| {
        let left: Vec<_> = pooler.of(name).filter(|pool| !is_done(pool)).collect();
        let shown: Vec<_> = left.iter().take(3).map(ToString::to_string).collect();
        let words = format!("servers of {} pools, among them {}", left.len(), shown.join(", "));
        error::waited(what, limit, &words)
    })
}

async fn kill(pooler: &Arc<Pooler>, name: Option<&str>) -> Result<(), ErrorReport> {
    on(name, |name| pooler.pause(name))?;
    let whom = name.map_or(Whom::All, |name| Whom::Database(name.to_owned()));
    pooler.kill(&whom).await.map_err(|why| error::no_answer(&why))?;
    wait_for(pooler, "KILL", name, WAIT_LIMIT, |pool| pool.is_drained()).await
}

async fn kill_client(pooler: &Pooler, id: u32) -> Result<(), ErrorReport> {
    match pooler.kill(&Whom::Client(id)).await {
        Ok(0) => Err(error::no_such_client(id)),
        Ok(_) => Ok(()),
        Err(why) => Err(error::no_answer(&why)),
    }
}

async fn reload(console: &Console) -> Result<Done, ErrorReport> {
    let reloaded = console.house().reload().await.map_err(error::gone)?;
    let reloaded = reloaded.map_err(|mistakes| error::reload_refused(&mistakes))?;
    let mut notices = Vec::new();
    match reloaded.changed.as_slice() {
        [] if !reloaded.restart_needed.is_empty() => {}
        [] => notices.push("nothing has changed".to_owned()),
        changed => notices.push(format!("changed: {}", changed.join(", "))),
    }
    if !reloaded.restart_needed.is_empty() {
        let keys = reloaded.restart_needed.join(", ");
        notices.push(format!("needs a restart to take effect: {keys}"));
    }
    Ok(Done { tag: None, notices })
}

async fn set(console: &Console, key: &str, value: &str) -> Result<Done, ErrorReport> {
    let set = console.house().set(key, value).await.map_err(error::gone)?;
    let (value, notice) = match set.map_err(|why| error::unset(key, why))? {
        Set::Changed { old, new } => {
            let notice = format!("{key} was {old}; until the next RELOAD or restart it is {new}");
            (new, notice)
        }
        Set::Waits { other, why } => {
            (value.to_owned(), format!("{key} waits for SET {other}, with which it goes: {why}"))
        }
    };
    Ok(Done { tag: Some(format!("SET {key}={value}")), notices: vec![notice] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample;

    #[test]
    fn what_is_waited_for_in_vain_is_told() {
        let (console, _letters) = sample::console();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let limit = LOOK_EVERY * 2;
        let waited = wait_for(console.pooler(), "PAUSE", Some("app"), limit, |_| false);
        let report = runtime.block_on(waited).unwrap_err();
        assert_eq!(report.sqlstate.0, "55P03");
        assert!(report.detail.unwrap().contains("app"), "it names the pool");
        let waited = wait_for(console.pooler(), "PAUSE", Some("other"), limit, |_| false);
        assert!(runtime.block_on(waited).is_ok(), "there is no such pool to wait for");
    }
}
