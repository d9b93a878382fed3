//! A plan as text, read from the top by someone who is about to approve it.

use super::clean::{clean_line, quoted};
use super::difference::{Line, LineKind, Row, What};
use super::estimate::{count, spoken};
use super::fold::{self, Group, Moved, counted, groups};
use super::headline::{Headline, Weight, and, headline, rows, weight};
use super::style::{Role, Style, columns, cut, pad};
use super::value::inline;
use super::{View, difference};
use crate::plan::{Drift, DriftKind, Plan, Scope, Spent, Step, Verdict};
use crate::types::Type;

/// Rows of a creation that are shown without `--full`.
const NEW_ROWS: usize = 6;

/// New things beyond which their attributes are left to `--full`.
const BRIEF: usize = 12;
/// New things beyond which the rest is only counted.
const GROUPS: usize = 40;

/// The whole plan; ends in a line break.
pub fn plan_text(plan: &Plan, view: &View<'_>) -> String {
    let mut parts = vec![header(plan, view)];
    let steps = |wanted: Weight| plan.steps.iter().filter(move |step| weight(&step.action) == wanted);
    parts.extend(drift(plan, view));
    parts.extend(renames(plan, view));
    parts.extend(blocks(&steps(Weight::Lost).collect::<Vec<_>>(), view));
    parts.extend(blocks(&steps(Weight::Changed).collect::<Vec<_>>(), view));
    parts.extend(creations(plan, view));
    parts.extend(moves(plan));
    parts.extend(outputs(plan, view));
    parts.extend(asserts(plan, view));
    parts.extend(super::policies::text(plan, view));
    parts.extend(super::lost::text(plan, view));
    parts.extend(super::rehearsal::text(plan, view));
    parts.extend(spent(plan, view));
    parts.extend(left_out(plan).map(|said| view.style.paint(Role::Warning, said)));
    parts.push(closing(plan, view));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

/// `connect2 · production · us-west-2 · account 123456789012 · state 41, 12 minutes old`
pub(super) fn header_line(plan: &Plan, view: &View<'_>) -> String {
    let state = match (plan.serial, view.state_age) {
        (0, _) => "no state yet".to_owned(),
        (serial, Some(age)) if age.0 < 5 => format!("state {serial}, just written"),
        (serial, Some(age)) => format!("state {serial}, {} old", spoken(age)),
        (serial, None) => format!("state {serial}"),
    };
    let account = if plan.account.is_empty() { String::new() } else { format!("account {}", plan.account) };
    let parts = [plan.stack.as_str(), &plan.env, &plan.region, &account, &state];
    parts.iter().filter(|part| !part.is_empty()).map(|part| clean_line(part).into_owned()).collect::<Vec<_>>().join(" · ")
}

fn header(plan: &Plan, view: &View<'_>) -> String {
    view.style.paint(Role::Strong, header_line(plan, view))
}

/// Columns that the headlines of one section share.
struct Columns {
    address: usize,
    type_name: usize,
    /// Where the place begins, when there is room for one column of places.
    place: usize,
}

impl Columns {
    fn of<'a>(lines: impl Iterator<Item = &'a Headline> + Clone, width: usize) -> Self {
        let widest = |part: fn(&Headline) -> usize| lines.clone().map(part).max().unwrap_or(0);
        let address = widest(|h| columns(&h.address)).min(44);
        let type_name = widest(|h| columns(&h.type_name)).min(36);
        let left = |h: &Headline| 4 + columns(&h.address).max(address) + 2 + columns(&h.type_name).max(type_name) + 2 + columns(&h.reason);
        let places = widest(|h| columns(&h.place));
        let room = width.saturating_sub(places + 2);
        let place = lines.clone().map(left).filter(|n| *n <= room).max().unwrap_or(0);
        Self { address, type_name, place }
    }
}

fn blocks(steps: &[&Step], view: &View<'_>) -> Option<String> {
    let heads: Vec<Headline> = steps.iter().map(|step| headline(step, view)).collect();
    let shared = Columns::of(heads.iter(), view.style.width);
    joined(heads.iter().zip(steps).map(|(head, step)| block(head, &rows(step, view), &shared, view)))
}

/// Blocks with an empty line between them; those of one line each stand together.
fn joined(blocks: impl Iterator<Item = String>) -> Option<String> {
    let mut out = String::new();
    let mut before = None;
    for block in blocks {
        let short = !block.contains('\n');
        out.push_str(match before {
            None => "",
            Some(true) if short => "\n",
            Some(_) => "\n\n",
        });
        out.push_str(&block);
        before = Some(short);
    }
    before.map(|_| out)
}

fn block(head: &Headline, rows: &[Row], shared: &Columns, view: &View<'_>) -> String {
    let mut out = head_line(head, shared, view);
    for line in row_lines(rows, view.style) {
        out.push('\n');
        out.push_str(&line);
    }
    out
}

fn head_line(head: &Headline, shared: &Columns, view: &View<'_>) -> String {
    let symbol = format!("{:>3}", head.symbol);
    let address = pad(&head.address, shared.address);
    let type_name = pad(&head.type_name, shared.type_name);
    let left = 4 + columns(&address) + 2 + columns(&type_name) + 2 + columns(&head.reason);
    let gap = " ".repeat(shared.place.saturating_sub(left) + 2);
    let style = view.style;
    let line = format!(
        "{} {}  {}  {}{gap}{}",
        style.paint(head.role, symbol),
        style.paint(Role::Strong, address),
        style.paint(Role::Faint, type_name),
        if head.role == Role::Destroy { style.paint(Role::Destroy, &head.reason) } else { head.reason.clone() },
        style.paint(Role::Faint, &head.place),
    );
    line.trim_end().to_owned()
}

/// The rows under a headline, their names in one column.
pub(super) fn row_lines(rows: &[Row], style: Style) -> Vec<String> {
    let names = rows.iter().map(|row| columns(&row.name)).max().unwrap_or(0).min(34);
    rows.iter().flat_map(|row| row_line(row, names, style)).collect()
}

fn row_line(row: &Row, names: usize, style: Style) -> Vec<String> {
    let name = pad(&row.name, names);
    let arrow = style.paint(Role::Faint, "→");
    match &row.what {
        What::Set(text) => vec![format!("      {name}  {text}")],
        What::Unset(old) => vec![format!("      {name}  {} {arrow} (not set)", style.paint(Role::Destroy, old))],
        What::Becomes(old, new) => {
            vec![format!("      {name}  {} {arrow} {}", style.paint(Role::Destroy, old), style.paint(Role::Add, new))]
        }
        What::Lines(lines) => {
            std::iter::once(format!("      {}", row.name)).chain(lines.iter().map(|line| diff_line(line, style))).collect()
        }
    }
}

/// The bar keeps a text's own line from standing at the start of ours, where a log would take it for a command.
fn diff_line(line: &Line, style: Style) -> String {
    match line.kind {
        LineKind::Same => format!("        │   {}", line.text),
        LineKind::Old => format!("        │ {}", style.paint(Role::Destroy, format!("- {}", line.text))),
        LineKind::New => format!("        │ {}", style.paint(Role::Add, format!("+ {}", line.text))),
        LineKind::Skipped => format!("        │ {}", style.paint(Role::Faint, &line.text)),
    }
}

/// New resources: with `--full` all of them, else one of each group and the number of its like.
fn creations(plan: &Plan, view: &View<'_>) -> Option<String> {
    if view.full {
        let steps: Vec<_> = plan.steps.iter().filter(|step| weight(&step.action) == Weight::New).collect();
        return blocks(&steps, view);
    }
    let mut groups = groups(plan);
    let brief = groups.len() > BRIEF;
    let rest = groups.split_off(groups.len().min(GROUPS));
    let heads: Vec<Headline> = groups.iter().map(|group| headline(group.first, view)).collect();
    let shared = Columns::of(heads.iter(), view.style.width);
    let folded = groups.iter().zip(&heads).map(|(group, head)| {
        let mut rows = if brief { Vec::new() } else { rows(group.first, view) };
        let more = rows.len().saturating_sub(NEW_ROWS);
        rows.truncate(NEW_ROWS);
        let mut out = block(head, &rows, &shared, view);
        let mut note = |text: String| out.push_str(&format!("\n    {}", view.style.paint(Role::Faint, text)));
        match (more, group.others.as_slice()) {
            (0, []) => {}
            (n, []) => note(format!("… and {} (--full shows them)", count(n, "more attribute", "more attributes"))),
            (_, others) => note(format!("… and {} (--full shows {})", others_said(group), if others.len() == 1 { "it" } else { "them" })),
        }
        out
    });
    let hidden: Vec<&Step> = rest.iter().flat_map(|group| std::iter::once(group.first).chain(group.others.iter().copied())).collect();
    let more = (!hidden.is_empty()).then(|| {
        let text = format!("… and {} more: {} (--full shows them)", hidden.len(), counted(&hidden));
        format!("    {}", view.style.paint(Role::Faint, text))
    });
    joined(folded.chain(more))
}

/// `3 more in net: a route table, a route and an association`, or the other keys of the same declaration.
pub(super) fn others_said(group: &Group<'_>) -> String {
    let holder = clean_line(&group.holder).into_owned();
    if group.first.address.steps().len() > 1 {
        return format!("{} more in {holder}: {}", group.others.len(), counted(&group.others));
    }
    let mut names: Vec<String> = group.others.iter().take(4).map(|step| clean_line(&step.address.to_string()).into_owned()).collect();
    if group.others.len() > names.len() {
        names.push(format!("{} more of {holder}", group.others.len() - names.len()));
    }
    and(&names)
}

fn drift(plan: &Plan, view: &View<'_>) -> Option<String> {
    let entries: Vec<String> = plan.drift.iter().flat_map(|drift| drift_lines(drift, view)).collect();
    let head = "Changed outside plat:";
    match entries.as_slice() {
        [] => None,
        [one] => Some(format!("{} {one}", view.style.paint(Role::Warning, head))),
        many => Some(
            std::iter::once(view.style.paint(Role::Warning, head))
                .chain(many.iter().map(|line| format!("  {line}")))
                .collect::<Vec<_>>()
                .join("\n"),
        ),
    }
}

/// `tags.CostCenter` of db.instance, "cc-1" → "cc-7" (kept: @ignore)
pub(super) fn drift_lines(drift: &Drift, view: &View<'_>) -> Vec<String> {
    let address = clean_line(&drift.address.to_string()).into_owned();
    match &drift.kind {
        DriftKind::Gone => vec![format!("{address} ({}) no longer exists", clean_line(&drift.type_name))],
        DriftKind::Changed { attribute, before, after, kept } => {
            let ty = view.attribute_type(&drift.type_name, attribute);
            let kept = if *kept { " (kept: @ignore)" } else { "" };
            let rows = difference::rows(&clean_line(attribute), Some(before), Some(after), &ty);
            let said = |row: &Row| {
                let name = match row.name.strip_prefix("tags.") {
                    Some(tag) => format!("the tag `{tag}`"),
                    None => format!("`{}`", row.name),
                };
                match &row.what {
                    What::Set(new) => format!("{name} of {address}, set to {new}{kept}"),
                    What::Unset(old) => format!("{name} of {address}, {old} → (not set){kept}"),
                    What::Becomes(old, new) => format!("{name} of {address}, {old} → {new}{kept}"),
                    What::Lines(lines) => {
                        let of = |kind| lines.iter().filter(|line| line.kind == kind).count();
                        format!("{name} of {address}, {} lines gone and {} new{kept}", of(LineKind::Old), of(LineKind::New))
                    }
                }
            };
            rows.iter().map(said).collect()
        }
    }
}

/// What a choice keeps out: `12 changes left out by --target: a, b, c and 9 more`
pub(super) fn left_out(plan: &Plan) -> Option<String> {
    /// Names that a line holds.
    const NAMED: usize = 5;
    let Scope::Chosen(left) = &plan.scope else { return None };
    let n = left.steps.len();
    if n == 0 {
        return None;
    }
    let mut names: Vec<String> = left.steps.iter().take(NAMED).map(|(address, _)| clean_line(&address.to_string()).into_owned()).collect();
    if n > NAMED {
        names.push(format!("{} more", n - NAMED));
    }
    Some(format!("{} left out by {}: {}", count(n, "change", "changes"), left.option, and(&names)))
}

/// Records that only get another address.
fn moves(plan: &Plan) -> Option<String> {
    let line = |moved: &Moved| {
        let line = move_line(&moved.from.to_string(), &moved.to.to_string());
        if moved.records == 1 { line } else { format!("{line}  {} resources", moved.records) }
    };
    let lines: Vec<String> = fold::moves(plan).iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `moved a → b, nothing else about it changes`
pub(super) fn move_line(from: &str, to: &str) -> String {
    format!("moved {} → {}", clean_line(from), clean_line(to))
}

/// Lines that would keep what is deleted below and created again.
fn renames(plan: &Plan, view: &View<'_>) -> Option<String> {
    if plan.renames.is_empty() {
        return None;
    }
    let lines: Vec<String> = plan.renames.iter().map(|rename| clean_line(&rename.line()).into_owned()).collect();
    let widest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    let head = view.style.paint(Role::Warning, renames_said(plan));
    let shown = lines.iter().zip(&plan.renames).map(|(line, rename)| match rename.resources {
        1 => format!("  {line}"),
        n => format!("  {}  {}", pad(line, widest), view.style.paint(Role::Faint, format!("{n} resources"))),
    });
    Some(std::iter::once(head).chain(shown).collect::<Vec<_>>().join("\n"))
}

/// What the lines are for.
pub(super) fn renames_said(plan: &Plan) -> String {
    let resources: usize = plan.renames.iter().map(|rename| rename.resources).sum();
    match (resources, plan.renames.len()) {
        (1, _) => "Renamed? One thing is deleted and created again with the same inputs. To keep it, add this line:".to_owned(),
        (n, 1) => format!("Renamed? {n} things are deleted and created again with the same inputs. To keep them, add this line:"),
        (n, _) => format!("Renamed? {n} things are deleted and created again with the same inputs. To keep them, add these lines:"),
    }
}

/// Refactorings that have nothing left to do in this environment.
fn spent(plan: &Plan, view: &View<'_>) -> Option<String> {
    let (idle, done): (Vec<&Spent>, Vec<&Spent>) = plan.spent.iter().partition(|spent| spent.instead.is_some());
    let mut lines = Vec::new();
    if !done.is_empty() {
        lines.push(view.style.paint(Role::Faint, "Done here; can go from the program when every environment has it:"));
        lines.extend(done.iter().map(|spent| {
            let place = view.place(Some(spent.span));
            view.style.paint(Role::Faint, format!("  {}  {}", clean_line(&spent.line), place).trim_end())
        }));
    }
    lines.extend(idle.iter().map(|spent| {
        let place = view.style.paint(Role::Faint, view.place(Some(spent.span)));
        format!("{} {}  {place}", view.style.paint(Role::Warning, "nothing to do:"), idle_said(spent)).trim_end().to_owned()
    }));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `import a = "x"`, as `a` is `y` already
pub(super) fn idle_said(spent: &Spent) -> String {
    let why = spent.instead.as_deref().unwrap_or_default();
    format!("`{}`: {}", clean_line(&spent.line), clean_line(why))
}

fn outputs(plan: &Plan, view: &View<'_>) -> Option<String> {
    let changed: Vec<_> = plan.outputs.iter().filter(|output| output.changes()).collect();
    if changed.is_empty() {
        return None;
    }
    let names = changed.iter().map(|change| columns(&change.output.name)).max().unwrap_or(0);
    let mut lines = vec![view.style.paint(Role::Strong, "Outputs:")];
    for change in changed {
        let new = cut(&inline(&change.output.value, &Type::Error), 100);
        let name = pad(&clean_line(&change.output.name), names);
        lines.push(match &change.before {
            None => format!("  {name}  {new}"),
            Some(old) => format!("  {name}  {} → {new}", cut(&json_inline(old), 100)),
        });
    }
    Some(lines.join("\n"))
}

pub(super) fn json_inline(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => quoted(text),
        other => clean_line(&other.to_string()).into_owned(),
    }
}

fn asserts(plan: &Plan, view: &View<'_>) -> Option<String> {
    let mut lines = Vec::new();
    for (assert, verdict) in &plan.asserts {
        if *verdict == Verdict::Fails {
            let place = view.style.paint(Role::Faint, view.place(Some(assert.span)));
            lines.push(format!("{} {}  {place}", view.style.paint(Role::Error, "assert failed:"), clean_line(&assert.message)));
        }
    }
    let later = plan.asserts.iter().filter(|(_, verdict)| *verdict == Verdict::Later).count();
    if later > 0 {
        lines.push(format!("{} only be told during apply", count(later, "assert can", "asserts can")));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// `Plan: 5 to add, 1 to change, 1 to destroy. About 11 minutes, most of it cluster.pool["app"].`
pub(super) fn closing_line(plan: &Plan) -> String {
    if plan.is_empty() {
        return nothing(plan);
    }
    let sum = plan.summary();
    let mut text = format!("Plan: {} to add, {} to change, {} to destroy", sum.add, sum.change, sum.destroy);
    for (n, what) in [(sum.import, "to import"), (sum.forget, "to forget")] {
        if n > 0 {
            text.push_str(&format!(", {n} {what}"));
        }
    }
    text.push('.');
    let outputs = plan.outputs.iter().filter(|output| output.changes()).count();
    if !plan.moves.is_empty() {
        text.push_str(&format!(" {}.", count(plan.moves.len(), "resource moves to another address", "resources move to other addresses")));
    }
    if outputs > 0 && sum == crate::plan::Summary::default() {
        text.push_str(&format!(" {}.", count(outputs, "output changes", "outputs change")));
    }
    let (total, longest) = plan.estimate();
    if total.0 >= 10 {
        text.push_str(&format!(" About {}", spoken(total)));
        match longest {
            Some(step) if plan.steps.len() > 1 && step.estimate.0 * 2 >= total.0 => {
                text.push_str(&format!(", most of it {}.", clean_line(&step.address.to_string())));
            }
            _ => text.push('.'),
        }
    }
    text
}

/// That there is nothing to do, and for what.
fn nothing(plan: &Plan) -> String {
    match &plan.scope {
        Scope::Everything if plan.drifted() => format!(
            "No changes are planned, and {} outside plat. `plat apply --refresh-only` accepts {}; `@ignore` stops reporting.",
            count(plan.drift.len(), "attribute was changed", "attributes were changed"),
            if plan.drift.len() == 1 { "it" } else { "them" },
        ),
        Scope::Everything => "No changes: everything is as the program says.".to_owned(),
        Scope::Chosen(left) => format!("No changes: what {} leaves is as the program says.", left.option),
        Scope::Observation => match plan.drift.len() {
            0 => "Nothing was changed outside plat.".to_owned(),
            n => format!("{} outside plat; nothing is done about it here.", count(n, "change was made", "changes were made")),
        },
    }
}

fn closing(plan: &Plan, view: &View<'_>) -> String {
    view.style.paint(Role::Strong, closing_line(plan))
}
