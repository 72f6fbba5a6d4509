"""Google Vertex AI opened by a service account: the Gemini protocol below the account's project and
location (docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference, 2026-11)."""

from __future__ import annotations

from dragoman.accounts.records import Account

HOSTNAME = "aiplatform.googleapis.com"
USUAL_LOCATION = "us-central1"


def base_of(location: str) -> str:
    host = HOSTNAME if location == "global" else f"{location}-{HOSTNAME}"
    return f"https://{host}"


def facts_of(account: Account, elsewhere: str = "") -> dict[str, str]:
    """The account's own place. `elsewhere`: a host in place of Google's."""
    key = account.fields.get("service_account")
    told = key.get("project_id") if isinstance(key, dict) else None
    project = account.fields.text("project_id") or (told if isinstance(told, str) else "")
    location = account.fields.text("location") or USUAL_LOCATION
    host = elsewhere or base_of(location)
    place = f"projects/{project}/locations/{location}/publishers/google"
    return {"base": f"{host}/v1/{place}"}
