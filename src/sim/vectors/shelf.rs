//! All vectors together: the manifest that counts them, and what each of them must have.

use std::collections::{BTreeMap, BTreeSet};

use super::super::xml::{self, Tree};
use super::{BadFile, NS, TOPICS, Topic, Vector};
use crate::Rule;

/// The vectors of one directory: files by the path that the manifest gives them, such as `gc3/J4-nick-variant.xml`.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// The vectors, by path.
    pub vectors: BTreeMap<String, Vector>,
    /// The paths of the files that are given to vectors.
    pub given: BTreeSet<String>,
}

impl Shelf {
    /// The manifest that these files should have.
    #[must_use]
    pub fn manifest(&self) -> String {
        let mut root = Tree::new("manifest", NS);
        root.set("count", self.vectors.len().to_string());
        for (path, vector) in &self.vectors {
            let mut entry = Tree::new("vector", NS);
            entry.set("file", path.as_str());
            entry.set("rule", vector.rules.join(" "));
            entry.set("spec", vector.spec.as_str());
            entry.set("verdict", vector.verdict.to_string());
            root.nodes.push(xml::Node::Tree(entry));
        }
        for path in &self.given {
            let mut entry = Tree::new("given", NS);
            entry.set("file", path.as_str());
            root.nodes.push(xml::Node::Tree(entry));
        }
        root.lines("") + "\n"
    }

    /// What differs between the manifest and the files, one line each.
    ///
    /// # Errors
    /// [`BadFile`] if the manifest cannot be read.
    pub fn compare(&self, file: &str, manifest: &str) -> Result<Vec<String>, BadFile> {
        let bad = |flaw| BadFile { file: file.into(), flaw };
        let listed = xml::read(manifest).map_err(bad)?;
        let wanted = xml::read(&self.manifest()).map_err(bad)?;
        let entries = |root: &Tree| -> BTreeMap<String, Tree> {
            let entries = root.children().filter_map(|entry| {
                let mut entry = entry.clone();
                entry.line = 0;
                Some((entry.attr("file")?.to_owned(), entry))
            });
            entries.collect()
        };
        let (has, needs) = (entries(&listed), entries(&wanted));
        let mut complaints = Vec::new();
        for path in has.keys().filter(|path| !needs.contains_key(*path)) {
            complaints.push(format!("{file} lists {path}, which is not there"));
        }
        for (path, entry) in &needs {
            match has.get(path) {
                None => complaints.push(format!("{file} does not list {path}")),
                Some(has) if has != entry => complaints.push(format!("{file} describes {path} otherwise than it is")),
                Some(_) => {}
            }
        }
        if listed.children().count() > has.len() {
            complaints.push(format!("{file} lists a file twice"));
        }
        if listed.attr("count") != wanted.attr("count") {
            let count = listed.attr("count").unwrap_or("nothing");
            complaints.push(format!("{file} counts {count} vectors; there are {}", self.vectors.len()));
        }
        Ok(complaints)
    }

    /// How many vectors show each rule of a topic.
    #[must_use]
    pub fn coverage(&self, rules: &[Rule]) -> Vec<(Rule, usize)> {
        let shows = |rule: &Rule| self.vectors.values().filter(|v| v.rules.iter().any(|id| id == rule.id())).count();
        rules.iter().map(|rule| (*rule, shows(rule))).collect()
    }

    /// What is wrong between vectors and rules, one line each: names used twice, rules that do not exist, rules
    /// without a vector.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut ids: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (path, vector) in &self.vectors {
            if let Some(other) = ids.insert((&vector.topic, &vector.id), path) {
                complaints.push(format!("{path} and {other} have the same id"));
            }
            for id in &vector.rules {
                if Topic::rule(id).is_none() {
                    complaints.push(format!("{path}: there is no rule {id}"));
                }
            }
            if path.contains('/') && !path.starts_with(&format!("{}/", vector.topic)) {
                complaints.push(format!("{path}: its first rule is of the topic {}, not of its folder", vector.topic));
            }
        }
        for topic in TOPICS {
            for (rule, count) in self.coverage(topic.rules) {
                if count == 0 {
                    complaints.push(format!("{rule} has no vector: {}", rule.says()));
                }
            }
        }
        complaints
    }
}
