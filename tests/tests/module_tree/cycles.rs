//! Cycles in a graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::Module;

type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// Returns, for each module with children, which of its children use each other. Using a module below a
/// child counts as using the child.
pub(crate) fn siblings(uses: &Graph) -> Vec<Graph> {
    let mut families: BTreeMap<Module, Graph> = BTreeMap::new();
    for (from, all) in uses {
        for to in all {
            let shared = from.iter().zip(to).take_while(|(one, other)| one == other);
            let depth = shared.count();
            if depth < from.len() && depth < to.len() {
                let above = |module: &Module, names: usize| {
                    module.iter().take(names).cloned().collect::<Module>()
                };
                let family = families.entry(above(from, depth)).or_default();
                let of = |module: &Module| above(module, depth + 1);
                family.entry(of(to)).or_default();
                family.entry(of(from)).or_default().insert(of(to));
            }
        }
    }
    families.into_values().collect()
}

/// Returns a line for each strongly connected group of modules: its size, and a shortest cycle.
pub(crate) fn cycles(uses: &Graph) -> Vec<String> {
    let reached: BTreeMap<_, _> = uses
        .keys()
        .map(|from| (from, reachable(from, uses)))
        .collect();
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (from, reachable) in &reached {
        if !reachable.contains(*from) || !seen.insert((*from).clone()) {
            continue;
        }
        let comes_back = |module: &&Module| reached.get(module).is_some_and(|r| r.contains(*from));
        let group: BTreeSet<Module> = reachable.iter().filter(comes_back).cloned().collect();
        let cycle = group
            .iter()
            .filter_map(|module| shortest(module, uses))
            .min_by_key(Vec::len);
        let names: Vec<_> = cycle
            .unwrap_or_default()
            .iter()
            .map(|module| module.join("::"))
            .collect();
        lines.push(format!(
            "{} modules, such as {}",
            group.len(),
            names.join(" -> ")
        ));
        seen.extend(group);
    }
    lines
}

fn reachable(from: &Module, uses: &Graph) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(module) = open.pop() {
        for used in uses.get(module).into_iter().flatten() {
            if found.insert(used.clone()) {
                open.push(used);
            }
        }
    }
    found
}

/// Returns the shortest path from a module back to itself.
fn shortest(from: &Module, uses: &Graph) -> Option<Vec<Module>> {
    let mut open = VecDeque::from([vec![from.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = open.pop_front() {
        for used in way
            .last()
            .and_then(|last| uses.get(last))
            .into_iter()
            .flatten()
        {
            let mut next = way.clone();
            next.push(used.clone());
            if used == from {
                return Some(next);
            }
            if seen.insert(used.clone()) {
                open.push_back(next);
            }
        }
    }
    None
}
