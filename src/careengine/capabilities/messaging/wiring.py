"""What entrypoints hand to the engine for messages: loaders, runners, shapes of policies."""

from careengine.capabilities.messaging.steps.policy_values import (
    CommandValues,
    SendingValues,
    ZonesValues,
    answer_commands,
    answer_sending,
    answer_zones,
    build_commands,
    build_sending,
    build_zones,
    lint_sending,
    lint_zones,
)
from careengine.capabilities.messaging.steps.reply_values import (
    ReplyValues,
    answer_reply,
    build_reply,
    lint_reply,
)
from careengine.capabilities.messaging.steps.template_values import (
    TemplateValues,
    answer_templates,
    build_templates,
    lint_templates,
)
from careengine.policy.schemas import Covered, PolicySchema

POLICY_SCHEMAS = (
    PolicySchema("messaging.sending", SendingValues, build_sending, answer_sending, lint_sending),
    PolicySchema("messaging.zones", ZonesValues, build_zones, answer_zones, lint_zones, Covered.VERSIONS),
    PolicySchema(
        "messaging.commands", CommandValues, build_commands, answer_commands, covered=Covered.VERSIONS
    ),
    PolicySchema("messaging.replies", ReplyValues, build_reply, answer_reply, lint_reply, Covered.VERSIONS),
    PolicySchema(
        "messaging.templates",
        TemplateValues,
        build_templates,
        answer_templates,
        lint_templates,
        Covered.VERSIONS,
    ),
)
