use super::*;

fn formatted(text: &str) -> String {
    let once = format(FileId(0), text).unwrap_or_else(|d| panic!("{text}\n{d:?}"));
    assert_eq!(format(FileId(0), &once).as_deref(), Ok(once.as_str()), "a second time changes it");
    once
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted(expected), expected);
}

#[track_caller]
fn stays(text: &str) {
    assert_eq!(formatted(text), text);
}

#[test]
fn empty_files_and_files_of_comments() {
    becomes("", "");
    becomes("\n\n  \n", "");
    becomes("\u{feff}let a=1", "let a = 1\n");
    becomes("\r\n// a  \r\n\r\n\r\n\r\n   // b", "// a\n\n// b\n");
    becomes("let a = 1\r\nlet b = 2\r\n", "let a = 1\nlet b = 2\n");
}

#[test]
fn spaces_are_put_right() {
    becomes("let  a   =1+2 *-3\nlet b=[1,2 , 3,]\nlet c={a=1,b  = 2}", "let a = 1 + 2 * -3\nlet b = [1, 2, 3]\nlet c = { a = 1, b = 2 }\n");
    becomes("let a = 0 .. 5\nlet b = 1 ..= x", "let a = 0..5\nlet b = 1..=x\n");
    becomes(
        "let r = [ for i , x  in xs if x>1:x ]\nlet m = { for k,v in m : k=v }",
        "let r = [for i, x in xs if x > 1: x]\nlet m = {for k, v in m: k = v}\n",
    );
    becomes(
        "fn f( a:Int,b : [ String ]? )=>{ Int }= if a<1 {1}else   {2}",
        "fn f(a: Int, b: [String]?) => {Int} = if a < 1 { 1 } else { 2 }\n",
    );
    becomes("use std.network.{ Network ,Other as  B,}", "use std.network.{Network, Other as B}\n");
    becomes("moved  a[ \"x\" ].b->c\nforget  a", "moved a[\"x\"].b -> c\nforget a\n");
    becomes("let x = a ?.b( 1 )[ 0 ]\n .c\n", "let x = a?.b(1)[0].c\n");
}

#[test]
fn equal_signs_stand_in_a_column() {
    becomes(
        "resource a: B {\n a = 1\n long_name = 2\n\n b = 3\n // c\n cc = 4\n d = {\n x = 1\n }\n eeee = 5\n f = 6\n}",
        "resource a: B {\n  a         = 1\n  long_name = 2\n\n  b = 3\n  // c\n  cc = 4\n  d  = {\n    x = 1\n  }\n  eeee = 5\n  f    = 6\n}\n",
    );
    becomes("env dev { a = 1 }\nenv production { a = 2 }\n", "env dev        { a = 1 }\nenv production { a = 2 }\n");
    // Padding counts: what does not fit behind it is broken.
    let long = "x".repeat(45);
    becomes(
        &format!("let r = {{\nbbbbbbbb = 2\nc = [{long}, {long}]\nd = 3\n}}\n"),
        &format!("let r = {{\n  bbbbbbbb = 2\n  c        = [\n    {long},\n    {long},\n  ]\n  d = 3\n}}\n"),
    );
    stays(&format!("let r = {{\n  c = [{long}, {long}]\n  bbbbbbbb = 2\n  d        = \"{long}{long}\"\n}}\n"));
}

#[test]
fn an_author_breaks_a_body_by_a_newline_behind_its_bracket() {
    becomes("let a = {\nb = 1, c = 2 }", "let a = {\n  b = 1\n  c = 2\n}\n");
    becomes("let a = { b = 1,\n c = 2\n}", "let a = { b = 1, c = 2 }\n");
    becomes("let a = [\n1, 2]", "let a = [\n  1,\n  2,\n]\n");
    becomes("let a = [1,\n 2\n]", "let a = [1, 2]\n");
    becomes("let a = if b {\n1 } else { 2 }", "let a = if b {\n  1\n} else {\n  2\n}\n");
    becomes("let a = f(\n1)", "let a = f(\n  1,\n)\n");
    becomes("let a = match b { 1 => 2\n _ => 3 }", "let a = match b { 1 => 2, _ => 3 }\n");
    becomes("let a = match b {\n 1 => 2, _ => 3 }", "let a = match b {\n  1 => 2\n  _ => 3\n}\n");
}

#[test]
fn what_is_too_long_is_broken() {
    let (a, b) = ("a".repeat(60), "b".repeat(60));
    becomes(&format!("let a = [{a}, {b}]"), &format!("let a = [\n  {a},\n  {b},\n]\n"));
    becomes(&format!("let a = {{ a = {a}, b = {b} }}"), &format!("let a = {{\n  a = {a}\n  b = {b}\n}}\n"));
    becomes(&format!("let a = {a} + 1 * 2 + {b}"), &format!("let a = {a}\n  + 1 * 2\n  + {b}\n"));
    becomes(&format!("let a = x.{a}(1).{b}(2)"), &format!("let a = x\n  .{a}(1)\n  .{b}(2)\n"));
    becomes(&format!("let a = f({a}, x => {b})"), &format!("let a = f(\n  {a},\n  x => {b},\n)\n"));
    becomes(&format!("let a = f(1, x => [{a}, {b}])"), &format!("let a = f(1, x => [\n  {a},\n  {b},\n])\n"));
    becomes(&format!("assert {a} == 1, \"{b}\""), &format!("assert {a} == 1,\n  \"{b}\"\n"));
    becomes(&format!("type A = \"{a}\" | \"{b}\""), &format!("type A = \"{a}\"\n  | \"{b}\"\n"));
    becomes(&format!("resource {a}: A for x in {b} {{ a = 1 }}"), &format!("resource {a}: A\n    for x in {b} {{ a = 1 }}\n"));
}

#[test]
fn the_last_bracket_breaks_in_place_of_those_around_it() {
    stays("let a = [for x in xs: {\n  b = x\n}]\n");
    stays("let a = f(1, x => {\n  b = x\n})\n");
    stays("let a = [{\n  b = 1\n}]\n");
    stays("let a = xs.filter(x => x.b).map(x => {\n  b = x\n})\n");
    stays("let a = [\n  for x in xs: {\n    b = x\n  }\n]\n");
    stays("let a = b ?? {\n  c = 1\n}\n");
    becomes("let a = [{\n  b = 1\n}, 2]\n", "let a = [\n  {\n    b = 1\n  },\n  2,\n]\n");
}

#[test]
fn comments_stay_where_they_are() {
    stays("// a\n\n// b\nlet a = 1 // c\n// d\n\n// e\n");
    stays("/// doc\n// and\n/// doc\nlet a = 1\n");
    becomes("/// doc\n\nlet a = 1\n", "/// doc\nlet a = 1\n");
    stays("let a = [ // first\n  1, // one\n  // two\n  2,\n  // end\n]\n");
    becomes("let a = [1 // one\n, 2]", "let a = [\n  1, // one\n  2,\n]\n");
    stays("let a = b // left\n  // right\n  + c\n");
    becomes("let a = b + // x\n c", "let a = b // x\n  + c\n");
    becomes("let a = // x\n { b = 1 }", "let a = // x\n  { b = 1 }\n");
    stays("let a = {\n  // only\n}\n");
    stays("let a = { // c\n  b = 1\n\n  // d\n}\n");
    becomes("let a = if b { // c\n 1 } // d\n else { 2 // e\n }", "let a = if b { // c\n  1\n} // d\nelse {\n  2 // e\n}\n");
    stays("let a = x\n  // first\n  .map(y => y)\n  .unique() // second\n  .len()\n");
    becomes(
        "let r = {\n a = 1 // x\n bbb = 22 // y\n c = 3\n d = 4 // z\n}",
        "let r = {\n  a   = 1  // x\n  bbb = 22 // y\n  c   = 3\n  d   = 4 // z\n}\n",
    );
}

#[test]
fn blank_lines_are_kept_one_at_a_time() {
    becomes("\n\nlet a = 1\n\n\n\nlet b = 2\nlet c = 3\n\n\n", "let a = 1\n\nlet b = 2\nlet c = 3\n");
    becomes("let a = {\n\n  b = 1\n\n\n  c = 2\n\n}", "let a = {\n  b = 1\n\n  c = 2\n}\n");
    becomes("component A {\n\n  param a: Int\n\n}\n", "component A {\n  param a: Int\n}\n");
}

#[test]
fn blocks_of_text_move_with_the_code() {
    stays("let a = \"\"\"\n  b\n    c\n\n  d ${x} \\n\n\"\"\"\n");
    stays("resource a: B {\n  c = \"\"\"\n    {}\n  \"\"\"\n}\n");
    becomes(
        "resource a: B {\nc = \"\"\"\n   {}\n\n     x\n   \"\"\"\n}",
        "resource a: B {\n  c = \"\"\"\n    {}\n\n      x\n    \"\"\"\n}\n",
    );
    stays("let a = f(\"\"\"\n  b\n\"\"\")\n");
}

#[test]
fn what_cannot_be_parsed_is_not_formatted() {
    assert!(format(FileId(0), "let a = \nlet b =   2\n").is_err());
}

#[test]
fn the_projects_own_files_keep_their_comments() {
    for text in [include_str!("../../grammar/corpus/whole_stack.plat"), include_str!("../../stdlib/network.plat")] {
        let comments =
            |text: &str| text.lines().filter_map(|l| l.split_once("// ")).map(|(_, c)| c.trim_end().to_owned()).collect::<Vec<_>>();
        assert_eq!(comments(&formatted(text)), comments(text));
    }
}

#[test]
fn policies_and_waivers() {
    becomes(
        "policy  a   for x :aws.rds.DBInstance|aws.eks.Cluster if  env.name==\"p\"{ deny  if !x.a ,\"m\" }",
        "policy a for x: aws.rds.DBInstance | aws.eks.Cluster if env.name == \"p\" { deny if !x.a, \"m\" }\n",
    );
    becomes(
        "policy a for x: any {\n/// Why.\ndeny if x.b,// c\nreason=\"r\"\nwarn if x.c,\n\"m\"}",
        "policy a for x: any {\n  /// Why.\n  deny if x.b // c\n  reason = \"r\"\n  warn if x.c, \"m\"\n}\n",
    );
    becomes("policy p { policies=[ a,b ] }", "policy p { policies = [a, b] }\n");
    becomes(
        "waive p.a  for db[ \"x\" ].b if  env.name==\"dev\"{\nowner=\"o\"\nuntil  =\"2027-01-31\"}",
        "waive p.a for db[\"x\"].b if env.name == \"dev\" {\n  owner = \"o\"\n  until = \"2027-01-31\"\n}\n",
    );
    stays("waive \"p q\" { owner = \"o\", until = \"2027-01-31\", reason = \"r\" }\n");
    let long = "x".repeat(60);
    becomes(
        &format!("waive {long}\nfor {long} if a {{ owner = \"o\" }}\npolicy {long} for x: aws.rds.DBInstance | aws.eks.Cluster {{ }}\n"),
        &format!(
            "waive {long}\n    for {long}\n    if a {{ owner = \"o\" }}\npolicy {long}\n    for x: aws.rds.DBInstance\n    | aws.eks.Cluster {{}}\n"
        ),
    );
}
