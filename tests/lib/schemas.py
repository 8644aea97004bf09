"""What a record has against its schema (docs/schemas.json), with every object closed.

The page leaves objects open, as readers must: a newer version may add fields. A test of this version's own records closes them, so
that a field that no table has is seen.
"""

import jsonschema


def closed(schema):
    """The schema with every object closed: what it does not name may not be there."""
    if isinstance(schema, list):
        return [closed(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: closed(v) for k, v in schema.items()}
    return {**made, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else made


def validators(bundle):
    """name -> validator of each type, every object closed."""
    jsonschema.Draft202012Validator.check_schema(bundle)
    parts = closed(bundle["$defs"])
    return {name: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": parts}) for name in parts}


def told(validator, value):
    return [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(value)]


def complaints(bundle, name, value):
    return told(validators(bundle)[name], value)
