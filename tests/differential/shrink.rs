//! Makes scripts that fail shorter, as long as they fail.

use super::script::{Message, Script, Step};

/// Group after group, each a little shorter than `scripts`, the shortest first.
pub fn shorter(scripts: &[Script]) -> Vec<Vec<Script>> {
    let mut shorter = Vec::new();
    if scripts.len() > 1 {
        shorter.extend(scripts.iter().map(|script| vec![script.clone()]));
        shorter.extend((0..scripts.len()).map(|at| without(scripts, at)));
    }
    for (at, script) in scripts.iter().enumerate() {
        for script in shorter_script(script) {
            let mut group = scripts.to_vec();
            group[at] = script;
            shorter.push(group);
        }
    }
    shorter
}

fn without(scripts: &[Script], at: usize) -> Vec<Script> {
    let mut left = scripts.to_vec();
    left.remove(at);
    left
}

fn shorter_script(script: &Script) -> Vec<Script> {
    let steps = &script.steps;
    let with = |steps: Vec<Step>| Script { startup: script.startup.clone(), steps };
    let mut shorter = Vec::new();
    let mut length = steps.len();
    while length > 0 {
        let starts = (0..=steps.len() - length).rev().step_by(length.div_ceil(2));
        shorter.extend(starts.map(|at| with([&steps[..at], &steps[at + length..]].concat())));
        length /= 2;
    }
    for (at, step) in steps.iter().enumerate() {
        for simpler in simpler(step) {
            let mut steps = steps.clone();
            steps[at] = simpler;
            shorter.push(with(steps));
        }
    }
    if !script.startup.is_empty() {
        shorter.push(Script { startup: Vec::new(), steps: steps.clone() });
    }
    shorter
}

fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Lull => vec![Step::Write],
        Step::Say(message) => simpler_message(message).into_iter().map(Step::Say).collect(),
        _ => Vec::new(),
    }
}

fn simpler_message(message: &Message) -> Vec<Message> {
    match message {
        Message::Query(text) => simpler_text(text).into_iter().map(Message::Query).collect(),
        Message::Parse { name, text } => {
            let texts = simpler_text(text).into_iter();
            texts.map(|text| Message::Parse { name: name.clone(), text }).collect()
        }
        Message::Bind { portal, statement, values, binary: true } => vec![Message::Bind {
            portal: portal.clone(),
            statement: statement.clone(),
            values: values.clone(),
            binary: false,
        }],
        Message::Execute { portal, rows } if *rows > 0 => {
            vec![Message::Execute { portal: portal.clone(), rows: 0 }]
        }
        _ => Vec::new(),
    }
}

/// Without its comment, or a plain one.
fn simpler_text(text: &str) -> Vec<String> {
    let mut simpler = Vec::new();
    if let (Some(begin), Some(end)) = (text.find("/*#"), text.find("*/")) {
        simpler.push(format!("{}{}", &text[..begin], &text[end + 2..]).trim().to_owned());
    }
    for plain in ["select 1", "begin", "commit"] {
        if text.starts_with(&plain[..5]) && text.len() > plain.len() {
            simpler.push(plain.to_owned());
        }
    }
    simpler
}
