"""What the fuzzer knows of the API that it is let loose on: see scripts/fuzz-api.ts."""

import json
import os
import re

import schemathesis

KNOWN = json.loads(os.environ["BELAY_FUZZ_KNOWN"])
RUN = re.compile(r"[0-9a-hjkmnp-tv-z]{8}")
ARTIFACT = re.compile(r"[0-9a-f]{20}")
# What is followed while a run is open does not end: only runs that are over are asked for there.
FOLLOWED = ("/api/runs/{id}/events", "/api/runs/{id}/logs")


def pick(known, given):
    """One in four stays as it was made up; the same one each time, so that a failure can be played again."""
    place = sum(given.encode("utf-8", "surrogatepass")) % (len(known) * 4 // 3 + 1)
    return known[place] if place < len(known) else given


@schemathesis.hook
def before_call(ctx, case, kwargs):
    path = case.operation.path
    parameters = case.path_parameters or {}
    given = parameters.get("id")
    if isinstance(given, str):
        if "/artifacts/{id}" in path and ARTIFACT.fullmatch(given):
            parameters["id"] = pick(KNOWN["artifacts"], given)
        elif RUN.fullmatch(given):
            if case.method == "DELETE":
                parameters["id"] = pick(KNOWN["spare"], given)
            elif path in FOLLOWED:
                parameters["id"] = pick(KNOWN["closed"], given)
            else:
                parameters["id"] = pick(KNOWN["open"] + KNOWN["closed"], given)
    if case.method == "DELETE" and isinstance(parameters.get("owner"), str) and isinstance(parameters.get("name"), str):
        number = sum((parameters["owner"] + parameters["name"]).encode("utf-8", "surrogatepass")) % KNOWN["repositories"]
        if number % 4 and "/" not in parameters["owner"] + parameters["name"]:
            parameters["owner"], parameters["name"] = "spare", f"r{number}"
    if isinstance(case.body, dict) and path == "/api/runs":
        repository = case.body.get("repository")
        # Few: each that is started has an agent work.
        if isinstance(repository, str) and sum(repository.encode("utf-8", "surrogatepass")) % 8 == 0:
            case.body["repository"] = KNOWN["repository"]
            case.body.pop("base", None)


@schemathesis.check
def away_says_when_to_come_back(ctx, response, case):
    """What is away for a while is 503, and says when to ask again. Nothing else fails on the API's side."""
    if response.status_code in (429, 503):
        assert "retry-after" in response.headers, "Retry-After is missing"
    else:
        assert response.status_code < 500, f"{response.status_code} is the API's own fault"
