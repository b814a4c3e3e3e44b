"""Keys that say by their first letters whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mnemic.agent.write.findings import Finding, is_placeholder

# Whose key, which characters follow its beginning, how many at least, and the beginnings.
# These are facts of public formats; lengths are lower bounds, so that a longer key is taken whole.
_FAMILIES = """
    aws-access-key    upper   16  AKIA ASIA ABIA ACCA
    aws-bedrock-key   base64  60  ABSK bedrock-api-key-
    github-token      alnum   36  ghp_ gho_ ghu_ ghs_ ghr_
    github-token      word    40  github_pat_
    gitlab-token      dotted  20  glpat- gldt- glrt- glcbt- glptt- glft- glimt- glagent- gloas- glsoat- glffct-
    gitlab-token      word    20  GR1348941 _gitlab_session=
    slack-token       dotted  14  xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxe.xox xapp-1- xoxc- xoxd-
    slack-webhook     path    30  hooks.slack.com/services/ hooks.slack.com/workflows/ hooks.slack.com/triggers/
    discord-webhook   path    60  discord.com/api/webhooks/ discordapp.com/api/webhooks/
    teams-webhook     path    60  webhook.office.com/webhookb2/
    stripe-key        alnum   16  sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_
    stripe-key        base64  24  whsec_
    google-api-key    word    35  AIza
    google-oauth      word    24  GOCSPX-
    google-oauth      dotted  30  ya29. 1//0
    firebase-key      word    60  APA91b
    openai-key        word    20  sk-proj- sk-svcacct- sk-admin- sk-None-
    anthropic-key     word    20  sk-ant-
    openrouter-key    hex     32  sk-or-v1-
    langfuse-key      word    30  sk-lf-
    huggingface-token alnum   30  hf_ api_org_
    groq-key          alnum   40  gsk_
    xai-key           alnum   40  xai-
    perplexity-key    alnum   40  pplx-
    replicate-token   alnum   36  r8_
    nvidia-key        word    40  nvapi-
    langsmith-key     word    32  lsv2_pt_ lsv2_sk_
    pinecone-key      word    40  pcsk_
    together-key      word    40  tgp_v1_
    jina-key          alnum   40  jina_
    tavily-key        word    20  tvly-
    e2b-key           hex     40  e2b_
    sourcegraph-token word    40  sgp_
    npm-token         alnum   36  npm_
    pypi-token        word    50  pypi-AgE pypi-AgN
    rubygems-token    hex     48  rubygems_
    nuget-key         lower   43  oy2
    docker-token      word    20  dckr_pat_ dckr_oat_
    sendgrid-key      dotted  50  SG.
    sendinblue-key    word    60  xkeysib- xsmtpsib-
    mailgun-key       hex     32  key- pubkey-
    twilio-key        hex     32  SK
    digitalocean-token hex    40  dop_v1_ doo_v1_ dor_v1_
    shopify-token     hex     32  shpat_ shpca_ shppa_ shpss_
    square-token      word    20  sq0atp- sq0csp-
    databricks-token  hex     32  dapi
    grafana-token     word    32  glsa_
    grafana-token     base64  32  glc_
    vault-token       word    20  hvs. hvb. hvr.
    terraform-token   base64  50  .atlasv1.
    doppler-token     dotted  40  dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.
    linear-key        alnum   30  lin_api_ lin_oauth_
    notion-token      alnum   40  ntn_ secret_
    figma-token       word    36  figd_ figu_
    atlassian-token   base64  40  ATATT3 ATCTT3
    bitbucket-token   base64  28  ATBB
    newrelic-key      upper   27  NRAK- NRII- NRRA-
    sentry-token      base64  40  sntrys_ sntryu_
    postman-key       word    50  PMAK-
    planetscale-token dotted  30  pscale_tkn_ pscale_pw_ pscale_oauth_
    supabase-key      word    20  sbp_ sb_secret_
    fly-token         base64  40  fo1_ fm1_ fm2_ fm1r_ fm2r_
    dropbox-token     word    60  sl.u. sl.B
    facebook-token    alnum   60  EAAC EAAB EAAG EAAE EAAJ EAAM EAAF EAAD
    alibaba-key       alnum   16  LTAI
    tailscale-key     word    16  tskey-auth- tskey-api- tskey-client- tskey-scim- tskey-webhook-
    onepassword-token base64  60  ops_eyJ
    jfrog-key         alnum   60  AKCp
    buildkite-token   hex     40  bkua_
    circleci-token    word    40  CCIPAT_ CCIPRJ_
    dynatrace-token   dotted  40  dt0c01. dt0s01. dt0s02. dt0s16.
    easypost-key      alnum   54  EZAK EZTK
    flutterwave-key   word    12  FLWSECK_TEST- FLWSECK-
    pulumi-token      hex     40  pul-
    readme-key        alnum   70  rdme_
    shippo-token      hex     40  shippo_live_ shippo_test_
    typeform-token    dotted  40  tfp_
    prefect-key       alnum   36  pnu_
    contentful-token  word    40  CFPAT-
    clojars-token     hex     60  CLOJARS_
    duffel-token      word    40  duffel_live_ duffel_test_
    frameio-token     word    60  fio-u-
    heroku-key        word    50  HRKU-AA
    sonar-token       hex     40  sqp_ squ_ sqa_
    openshift-token   word    43  sha256~
    mapbox-token      dotted  60  sk.eyJ
    age-key           upper   58  AGE-SECRET-KEY-1
    yandex-key        dotted  60  t1.9 AQVN
    api-key           word    20  sk-
"""

_CLASSES = {
    "upper": "[A-Z0-9]",
    "lower": "[a-z0-9]",
    "hex": "[0-9a-fA-F]",
    "alnum": "[A-Za-z0-9]",
    "word": "[A-Za-z0-9_-]",
    "dotted": "[A-Za-z0-9_.-]",
    "base64": "[A-Za-z0-9_+/=-]",
    "path": "[A-Za-z0-9_@/-]",
}

DISTINCT_MIN = 6

_LONG = re.compile(r"[A-Za-z0-9_+/=-]{16}")
_SOLID = re.compile(r"[A-Za-z0-9]{16}")
_DIGIT = re.compile(r"[0-9]")


class _Family(NamedTuple):
    kind: str
    beginning: str
    pattern: re.Pattern[str]


def _families() -> Iterator[_Family]:
    for line in _FAMILIES.strip().splitlines():
        kind, class_, least, *beginnings = line.split()
        for beginning in beginnings:
            # The boundary stands behind the literal, so that the engine can search for the literal.
            literal = re.escape(beginning)
            edge = "" if beginning[0] in "._" else f"(?<![A-Za-z0-9]{literal})"
            body = f"({_CLASSES[class_]}{{{least},}}+)"
            yield _Family(kind, beginning, re.compile(literal + edge + body))


FAMILIES = tuple(_families())


def find(text: str) -> Iterator[Finding]:
    """All keys in a text whose beginning is known."""
    if _LONG.search(text) is None:
        return
    for family in FAMILIES:
        if family.beginning not in text:
            continue
        for match in family.pattern.finditer(text):
            body = match[1].rstrip(".-_/")
            if _is_key(family, body):
                kind = "openai-key" if "T3BlbkFJ" in body else family.kind
                yield Finding(kind, match.start(), match.start(1) + len(body))


def _is_key(family: _Family, body: str) -> bool:
    if len(set(body)) < DISTINCT_MIN or is_placeholder(body):
        return False
    if family.kind == "slack-token":
        return len(_DIGIT.findall(body)) >= DISTINCT_MIN
    if family.kind == "api-key":  # "sk-" begins names of other things, too
        return _SOLID.search(body) is not None and _DIGIT.search(body) is not None
    return True
