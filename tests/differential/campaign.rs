//! Plays many groups of scripts, and makes what fails as short as it can be.

use std::collections::BTreeSet;
use std::env;
use std::time::{Duration, Instant};

use super::generate;
use super::group::{Failure, What, try_out};
use super::notation;
use super::script::Script;
use super::shrink;
use super::stage::{Pooler, Setup, Stage};

/// Scripts for each setup: together half a minute on two busy cores.
const SCRIPTS: usize = 60;

/// The seed of the first group; the next groups have the numbers behind it.
const SEED: u64 = 1;

/// How long an answer of pgweir's may take: far more than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same while a script is made shorter, where many answers may not come.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// How long that may take.
const SHRINK_LIMIT: Duration = Duration::from_secs(60);

/// A failure may need what was prepared before, and a certain order of events.
const REPEATS: usize = 4;

/// One a line.
const FOUND_BEFORE: &str = include_str!("scripts.txt");

/// What has been found and is not mended yet, a line each: its first difference, as a failure prints it.
const OPEN: &str = include_str!("open.txt");

/// What is to be done, as the environment says.
struct Orders {
    seed: u64,
    scripts: usize,
    /// How many failures, told apart by their first difference, are looked for.
    failures: usize,
    /// Failures by their signature that are not looked into.
    passed_over: BTreeSet<String>,
    /// These, and no random ones.
    given: Vec<Script>,
}

struct Campaign {
    setup: Setup,
    stage: Stage,
    pooler: Pooler,
    found: BTreeSet<String>,
    reports: Vec<String>,
}

/// Plays what [`Orders`] say, and fails the test with what it found.
pub fn run(setup: Setup) {
    let orders = Orders::given();
    let stage = Stage::set(setup);
    let pooler = stage.pooler();
    let (found, reports) = (orders.passed_over.clone(), Vec::new());
    let mut campaign = Campaign { setup, stage, pooler, found, reports };
    if orders.given.is_empty() {
        campaign.play_found_before(&orders);
        campaign.play_random(&orders);
    } else {
        campaign.play("given", &orders.given, REPEATS);
    }
    assert!(campaign.reports.is_empty(), "{} failures, see above", campaign.reports.len());
}

impl Orders {
    fn given() -> Orders {
        let number = |name: &str| env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
        let count = |name| number(name).and_then(|count| usize::try_from(count).ok());
        let given = env::var("PGWEIR_DIFFERENTIAL_PLAY").unwrap_or_default();
        let passed_over = env::var("PGWEIR_DIFFERENTIAL_PASS_OVER").unwrap_or_default();
        let seed = match env::var("PGWEIR_DIFFERENTIAL_SEED").as_deref() {
            Ok("random") => u64::from(rand::random::<u32>()) << 16,
            _ => number("PGWEIR_DIFFERENTIAL_SEED").unwrap_or(SEED),
        };
        Orders {
            seed,
            scripts: count("PGWEIR_DIFFERENTIAL_SCRIPTS").unwrap_or(SCRIPTS),
            failures: count("PGWEIR_DIFFERENTIAL_FAILURES").unwrap_or(1),
            passed_over: OPEN.lines().chain(passed_over.lines()).map(str::to_owned).collect(),
            given: given.lines().map(notation::read).collect(),
        }
    }
}

impl Campaign {
    /// Twice each: the second time the server knows their statements.
    fn play_found_before(&mut self, orders: &Orders) {
        let lines = FOUND_BEFORE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            if self.reports.len() < orders.failures {
                self.play("found before", &[notation::read(line)], 2);
            }
        }
    }

    fn play_random(&mut self, orders: &Orders) {
        let (begun, mut played, mut seed) = (Instant::now(), 0, orders.seed);
        while played < orders.scripts && self.reports.len() < orders.failures {
            let scripts = generate::group(seed);
            played += scripts.len();
            if env::var_os("PGWEIR_DIFFERENTIAL_SHOW").is_some() {
                println!("seed {seed}\n{}", written(&scripts));
            }
            self.play(&format!("seed {seed}"), &scripts, 1);
            seed += 1;
        }
        let (name, seconds) = (self.setup.name, begun.elapsed().as_secs_f64());
        println!("{name}: seeds {} to {}, {played} scripts, {seconds:.1} s", orders.seed, seed - 1);
    }

    fn play(&mut self, which: &str, scripts: &[Script], repeats: usize) {
        let played = (0..repeats)
            .try_for_each(|_| try_out(scripts, &mut self.stage, &mut self.pooler, PATIENCE));
        if let Err(failure) = played {
            self.failed(which, scripts, failure);
        }
    }

    fn failed(&mut self, which: &str, scripts: &[Script], failure: Failure) {
        let log = self.pooler.pgweir.log();
        self.pooler = self.stage.pooler();
        if let What::Direct(why) = &failure.what {
            panic!("{which}: PostgreSQL itself does not play this: {why}\n{}", written(scripts));
        }
        let signature = failure.what.signature();
        println!("{which}: {signature}");
        if !self.found.insert(signature.clone()) {
            return;
        }
        let (scripts, failure, note) = match which {
            "found before" => (scripts.to_vec(), failure, ""),
            _ => self.shortest(scripts, failure),
        };
        let panics =
            log.lines().filter(|line| line.contains("panic")).collect::<Vec<_>>().join("\n");
        let name = self.setup.name;
        let report = format!(
            "{name}, {which}{note}\nfirst: {signature}\nthen:  {}\n{}\n{failure}\n{panics}\n",
            failure.what.signature(),
            written(&scripts)
        );
        println!("{report}");
        self.found.insert(failure.what.signature());
        self.reports.push(report);
    }

    /// The shortest that still fails, and what is to be said of it.
    fn shortest(
        &mut self,
        scripts: &[Script],
        failure: Failure,
    ) -> (Vec<Script>, Failure, &'static str) {
        let (mut scripts, mut failure) = (scripts.to_vec(), failure);
        let again = (1..=REPEATS)
            .find_map(|repeats| self.fails(&scripts, &failure, 1).map(|again| (repeats, again)));
        let Some((repeats, again)) = again else {
            return (scripts, failure, ", which did not fail again");
        };
        failure = again;
        let give_up = Instant::now() + SHRINK_LIMIT;
        'shorter: while Instant::now() < give_up {
            for candidate in shrink::shorter(&scripts) {
                if Instant::now() > give_up {
                    break 'shorter;
                }
                if let Some(again) = self.fails(&candidate, &failure, repeats) {
                    (scripts, failure) = (candidate, again);
                    continue 'shorter;
                }
            }
            return (scripts, failure, "");
        }
        (scripts, failure, ", not yet the shortest")
    }

    /// Whether these fail in the same way.
    fn fails(&mut self, scripts: &[Script], failure: &Failure, repeats: usize) -> Option<Failure> {
        let same = std::mem::discriminant(&failure.what);
        for _ in 0..repeats {
            let tried = try_out(scripts, &mut self.stage, &mut self.pooler, SHORT_PATIENCE);
            if let Err(again) = tried {
                if matches!(again.what, What::Direct(_)) {
                    return None;
                }
                self.pooler = self.stage.pooler();
                return (std::mem::discriminant(&again.what) == same).then_some(again);
            }
        }
        None
    }
}

fn written(scripts: &[Script]) -> String {
    scripts.iter().map(|script| format!("    {script}")).collect::<Vec<_>>().join("\n")
}
