//! Whether a snapshot fits state/schema.json; for the tests of the format, and for those that make snapshots.

/// As much of JSON Schema as state/schema.json uses; a keyword that is not here fails the test.
pub fn fits(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, at: &str) -> Result<(), String> {
    let Some(rules) = schema.as_object() else {
        return if schema == true { Ok(()) } else { Err(format!("{at}: nothing may be here")) };
    };
    let wrong = |what: &str| Err(format!("{at}: {what}: {value}"));
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "$schema" | "$id" | "title" | "description" | "$defs" => {}
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                fits(root, root.pointer(path).unwrap_or_else(|| panic!("no {path}")), value, at)?;
            }
            "const" if value != rule => return wrong("is not the constant"),
            "enum" if !rule.as_array().unwrap().contains(value) => return wrong("is none of the choices"),
            "const" | "enum" => {}
            "type" => {
                let is = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("type {other}"),
                };
                if !is {
                    return wrong(&format!("is no {rule}"));
                }
            }
            "minimum" if value.as_u64() < rule.as_u64() => return wrong("is too small"),
            "minLength" if value.as_str().unwrap().len() < usize::try_from(rule.as_u64().unwrap()).unwrap() => {
                return wrong("is too short");
            }
            "minimum" | "minLength" => {}
            "pattern" => {
                let text = value.as_str().unwrap();
                let is_hex =
                    |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                let hex = |n: usize| is_hex(text, n);
                let good = match rule.as_str().unwrap() {
                    "^[0-9a-f]{64}$" => hex(64),
                    "^[0-9a-f]{32}$" => hex(32),
                    "^([0-9a-f]{64}|closed:[0-9a-f]{184})$" => {
                        hex(64) || text.strip_prefix("closed:").is_some_and(|closed| is_hex(closed, 184))
                    }
                    "^[0-9]{12}$" => text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()),
                    other => panic!("pattern {other}"),
                };
                if !good {
                    return wrong("does not fit its pattern");
                }
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        return wrong(&format!("lacks {name}"));
                    }
                }
            }
            "items" => value.as_array().unwrap().iter().try_for_each(|item| fits(root, rule, item, at))?,
            "properties" | "additionalProperties" => {}
            other => panic!("keyword {other}"),
        }
    }
    let Some(members) = value.as_object() else { return Ok(()) };
    for (name, member) in members {
        let own = rules.get("properties").and_then(|properties| properties.get(name));
        if let Some(rule) = own.or_else(|| rules.get("additionalProperties")) {
            fits(root, rule, member, &format!("{at}/{name}"))?;
        }
    }
    Ok(())
}
