//! A history as a picture: for each bucket of each account how full it was, and a bar for each file, from its beginning
//! to its end, with what its deadline would have been.

use std::fmt::Write as _;

use xmpp_machines::Time;
use xmpp_machines::retention::{Purpose, Reason, write_bytes};

use super::life::{Life, Story};

const WIDTH: u64 = 1200;
/// Where bars begin and end.
const LEFT: u64 = 210;
const RIGHT: u64 = 1170;
const TOP: u64 = 84;
const ROW: u64 = 22;
const CHART: u64 = 54;

/// A group: one bucket of one account.
struct Group<'a> {
    owner: &'a str,
    bucket: &'a str,
    purpose: Purpose,
    lives: Vec<&'a Life>,
}

const fn colour(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Message => "#3f76b5",
        Purpose::Profile => "#3f9a67",
        Purpose::Ephemeral => "#dd8a26",
        Purpose::Permanent => "#8d63a8",
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The picture of a history.
pub(super) fn draw(story: &Story) -> String {
    let groups = groups(story);
    let axis = Axis::new(story);
    let height = TOP + groups.iter().map(height_of).sum::<u64>() + 64;
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 {WIDTH} {height}' \
         font-family='Inter, Helvetica, Arial, sans-serif' font-size='12' fill='#2b2f36'>\n\
         <rect width='{WIDTH}' height='{height}' fill='#ffffff'/>\n\
         <text x='24' y='34' font-size='18' font-weight='600'>The life of {} files</text>\n\
         <text x='24' y='54' fill='#6b7280'>{} to {}</text>",
        story.lives.iter().filter(|life| life.stored.is_some()).count(),
        day(story.start),
        day(axis.end)
    );
    axis.draw(&mut svg, height - 56);
    let mut y = TOP;
    for group in &groups {
        draw_group(&mut svg, story, group, &axis, y);
        y += height_of(group);
    }
    legend(&mut svg, height - 22);
    svg.push_str("</svg>\n");
    svg
}

fn height_of(group: &Group<'_>) -> u64 {
    30 + CHART + 10 + ROW * group.lives.len() as u64 + 14
}

fn groups(story: &Story) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for life in story.lives.iter().filter(|life| life.stored.is_some()) {
        match groups.iter_mut().find(|group| group.owner == life.owner && group.bucket == life.bucket) {
            Some(group) => group.lives.push(life),
            None => groups.push(Group {
                owner: &life.owner,
                bucket: &life.bucket,
                purpose: life.purpose,
                lives: vec![life],
            }),
        }
    }
    groups.sort_by(|a, b| (a.owner, a.purpose, a.bucket).cmp(&(b.owner, b.purpose, b.bucket)));
    groups
}

/// Time from left to right.
struct Axis {
    start: Time,
    end: Time,
}

impl Axis {
    fn new(story: &Story) -> Self {
        // A little more than the history, so that what goes on can be seen to go on.
        let span = story.end.since(story.start).millis().max(60_000);
        Self { start: story.start, end: story.end.plus(xmpp_machines::time::Span::from_millis(span / 24)) }
    }

    fn x(&self, at: Time) -> u64 {
        let whole = u128::from(self.end.since(self.start).millis().max(1));
        let part = u128::from(at.since(self.start).millis()).min(whole);
        LEFT + u64::try_from(part * u128::from(RIGHT - LEFT) / whole).unwrap_or(0)
    }

    fn draw(&self, svg: &mut String, bottom: u64) {
        const HOUR: u64 = 3_600_000;
        const STEPS: [u64; 11] = [
            60_000,
            600_000,
            HOUR,
            6 * HOUR,
            24 * HOUR,
            2 * 24 * HOUR,
            7 * 24 * HOUR,
            14 * 24 * HOUR,
            30 * 24 * HOUR,
            91 * 24 * HOUR,
            365 * 24 * HOUR,
        ];
        let span = self.end.since(self.start).millis();
        let step = STEPS.into_iter().find(|step| span / step <= 12).unwrap_or(span / 8);
        let first = self.start.millis().div_ceil(step.max(1)) * step;
        let mut at = first;
        while at <= self.end.millis() {
            let x = self.x(Time::from_millis(at));
            let text = day(Time::from_millis(at));
            let text = if step < 24 * HOUR { text.get(5..16) } else { text.get(..10) };
            let _ = writeln!(
                svg,
                "<line x1='{x}' x2='{x}' y1='{}' y2='{bottom}' stroke='#eceef1'/>\
                 <text x='{x}' y='{}' text-anchor='middle' fill='#9aa1ab' font-size='10'>{}</text>",
                TOP - 8,
                TOP - 14,
                text.unwrap_or_default()
            );
            at = at.saturating_add(step);
        }
    }
}

/// A moment for people.
fn day(at: Time) -> String {
    at.to_string().replace('T', " ").replace('Z', "").chars().take(16).collect()
}

fn draw_group(svg: &mut String, story: &Story, group: &Group<'_>, axis: &Axis, y: u64) {
    let colour = colour(group.purpose);
    let class = story.policy.class_of(group.owner);
    let bucket = class.and_then(|class| {
        story.policy.buckets(class).find(|(name, _)| name.to_string() == group.bucket).map(|(_, bucket)| bucket)
    });
    let (soft, hard) = bucket.map_or((0, 0), |bucket| (bucket.soft, bucket.hard));
    let _ = writeln!(
        svg,
        "<text x='24' y='{}' font-weight='600'>{}</text><text x='24' y='{}' fill='{colour}' font-weight='600'>{}</text>\
         <text x='24' y='{}' fill='#6b7280' font-size='11'>hard {}</text>\
         <text x='24' y='{}' fill='#6b7280' font-size='11'>soft {}</text>",
        y + 16,
        escape(group.owner),
        y + 32,
        escape(group.bucket),
        y + 50,
        write_bytes(hard),
        y + 65,
        write_bytes(soft)
    );
    usage(svg, group, axis, (soft, hard), y + 14);
    let mut row = y + 14 + CHART + 14;
    for life in &group.lives {
        bar(svg, life, axis, row, colour);
        row += ROW;
    }
    let _ = writeln!(svg, "<line x1='24' x2='{RIGHT}' y1='{0}' y2='{0}' stroke='#e3e6ea'/>", y + height_of(group) - 6);
}

/// How full the bucket was, against its quotas.
fn usage(svg: &mut String, group: &Group<'_>, axis: &Axis, (soft, hard): (u64, u64), y: u64) {
    let mut changes: Vec<(Time, bool, u64)> = Vec::new();
    for life in &group.lives {
        changes.extend(life.stored.map(|at| (at, true, life.size)));
        changes.extend(life.ended.map(|(at, _)| (at, false, life.size)));
    }
    // What goes makes room for what comes at the same moment.
    changes.sort();
    let most = hard.max(1);
    let level = |used: u64| {
        let part = u128::from(used.min(most)) * u128::from(CHART) / u128::from(most);
        y + CHART - u64::try_from(part).unwrap_or(0)
    };
    let base = y + CHART;
    let mut path = format!("M{LEFT} {base}");
    let mut used = 0_u64;
    for moment in changes.chunk_by(|a, b| a.0 == b.0) {
        let x = moment.first().map_or(LEFT, |(at, _, _)| axis.x(*at));
        let _ = write!(path, "L{x} {}", level(used));
        for (_, more, size) in moment {
            used = if *more { used.saturating_add(*size) } else { used.saturating_sub(*size) };
        }
        let _ = write!(path, "L{x} {}", level(used));
    }
    let end = axis.x(axis.end);
    let _ = write!(path, "L{end} {}L{end} {base}Z", level(used));
    let colour = colour(group.purpose);
    let _ = writeln!(
        svg,
        "<rect x='{LEFT}' y='{y}' width='{}' height='{CHART}' fill='#f7f8fa'/>\
         <path d='{path}' fill='{colour}' fill-opacity='0.22' stroke='{colour}' stroke-width='1.2'/>\
         <line x1='{LEFT}' x2='{RIGHT}' y1='{y}' y2='{y}' stroke='#c0392b' stroke-width='1'/>\
         <line x1='{LEFT}' x2='{RIGHT}' y1='{1}' y2='{1}' stroke='#c0392b' stroke-width='1' stroke-dasharray='2 4' stroke-opacity='0.7'/>",
        RIGHT - LEFT,
        level(soft)
    );
}

fn bar(svg: &mut String, life: &Life, axis: &Axis, y: u64, colour: &str) {
    let Some(stored) = life.stored else { return };
    let from = axis.x(stored);
    let end = life.ended.map_or(axis.end, |(at, _)| at);
    let to = axis.x(end).max(from + 2);
    let middle = y + 7;
    let _ = write!(
        svg,
        "<text x='{}' y='{}' text-anchor='end' font-size='11'>{}</text>",
        LEFT - 10,
        y + 11,
        escape(&life.label)
    );
    // What was left of its life, as it was announced last.
    let deadline = life.deadlines.last().and_then(|(_, at)| *at);
    let lost = matches!(life.ended, Some((_, reason)) if reason != Reason::Expired);
    if let Some(deadline) = deadline.filter(|deadline| lost && *deadline > end) {
        let x = axis.x(deadline);
        let _ = write!(
            svg,
            "<line x1='{to}' x2='{x}' y1='{middle}' y2='{middle}' stroke='{colour}' stroke-width='2' \
             stroke-dasharray='1 5' stroke-linecap='round' stroke-opacity='0.6'/>"
        );
    }
    let _ = write!(
        svg,
        "<rect x='{from}' y='{y}' width='{}' height='14' rx='3' fill='{colour}' fill-opacity='0.85'/>",
        to - from
    );
    // Where its deadline was moved: a tick for each.
    for (at, _) in life.deadlines.iter().skip(1) {
        let x = axis.x(*at);
        let _ = write!(svg, "<line x1='{x}' x2='{x}' y1='{y}' y2='{}' stroke='#ffffff' stroke-width='2'/>", y + 14);
    }
    let size = write_bytes(life.size);
    let room = to.saturating_sub(from) > 70;
    if room {
        let _ = write!(svg, "<text x='{}' y='{}' fill='#ffffff' font-size='10'>{size}</text>", from + 6, y + 11);
    }
    match life.ended {
        Some((_, Reason::Evicted | Reason::Pressure)) => {
            let (a, b, c, d) = (to + 3, to + 11, middle - 4, middle + 4);
            let _ = write!(
                svg,
                "<path d='M{a} {c}L{b} {d}M{b} {c}L{a} {d}' stroke='#c0392b' stroke-width='2.4' stroke-linecap='round'/>"
            );
        }
        Some((_, Reason::Expired)) => {
            let _ = write!(svg, "<circle cx='{}' cy='{middle}' r='4' fill='#6b7280'/>", to + 7);
        }
        Some(_) => {
            let (x, up, down) = (to + 7, middle - 5, middle + 5);
            let _ =
                write!(svg, "<path d='M{x} {up}L{} {middle}L{x} {down}L{} {middle}Z' fill='#2b2f36'/>", x + 5, x - 5);
        }
        None => {
            let (tip, up, down) = (to + 7, y, y + 14);
            let _ = write!(svg, "<path d='M{} {up}L{tip} {middle}L{} {down}Z' fill='{colour}'/>", to - 2, to - 2);
        }
    }
    svg.push('\n');
}

fn legend(svg: &mut String, y: u64) {
    let mut x = 24;
    for purpose in Purpose::ALL {
        let _ = write!(
            svg,
            "<rect x='{x}' y='{}' width='12' height='12' rx='3' fill='{}'/><text x='{}' y='{y}'>{purpose}</text>",
            y - 10,
            colour(purpose),
            x + 18
        );
        x += 92;
    }
    let middle = y - 4;
    let _ = writeln!(
        svg,
        "<path d='M{0} {1}L{2} {3}M{2} {1}L{0} {3}' stroke='#c0392b' stroke-width='2.4' stroke-linecap='round'/>\
         <text x='{4}' y='{y}'>made room</text>\
         <circle cx='{5}' cy='{middle}' r='4' fill='#6b7280'/><text x='{6}' y='{y}'>its time was over</text>\
         <path d='M{7} {8}L{9} {middle}L{7} {10}L{11} {middle}Z' fill='#2b2f36'/><text x='{12}' y='{y}'>deleted by somebody</text>\
         <line x1='{13}' x2='{14}' y1='{middle}' y2='{middle}' stroke='#6b7280' stroke-width='2' stroke-dasharray='1 5' \
         stroke-linecap='round'/><text x='{15}' y='{y}'>life that was left</text>\
         <line x1='{16}' x2='{17}' y1='{middle}' y2='{middle}' stroke='#c0392b'/><text x='{18}' y='{y}'>hard quota; dotted: soft</text>",
        x,
        middle - 4,
        x + 8,
        middle + 4,
        x + 16,
        x + 110,
        x + 120,
        x + 245,
        middle - 5,
        x + 250,
        middle + 5,
        x + 240,
        x + 257,
        x + 402,
        x + 427,
        x + 435,
        x + 562,
        x + 587,
        x + 595
    );
}
