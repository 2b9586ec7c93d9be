"""What entrypoints hand to the engine for messages: loaders, runners, shapes of policies."""

from collections.abc import Mapping

from careengine.capabilities.messaging.model import (
    COMMANDS,
    CONTACT,
    INBOX,
    MESSAGE,
    PAGE,
    RECEIVED,
    SMS,
    STATUS,
    TEMPLATES,
    WRITTEN,
)
from careengine.capabilities.messaging.steps.checking import Window
from careengine.capabilities.messaging.steps.hearing import READER, Taken, Text, around, received_at, take
from careengine.capabilities.messaging.steps.loading import load_contacts, load_inboxes
from careengine.capabilities.messaging.steps.paging import drafted, page_ref, said_on_page
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
from careengine.capabilities.messaging.steps.runners import Outside, runners
from careengine.capabilities.messaging.steps.template_values import (
    TemplateValues,
    answer_templates,
    build_templates,
    lint_templates,
)
from careengine.engine.composition import Loader
from careengine.engine.outgoing import Runner
from careengine.policy.schemas import Covered, PolicySchema

EVENTS = (RECEIVED, STATUS, WRITTEN)
"""What the webhooks and people put down, whether or not a journey listens."""
__all__ = [
    "COMMANDS", "EVENTS", "LOADERS", "MESSAGE", "PAGE", "POLICY_SCHEMAS", "READER", "RECEIVED", "RUNNERS",
    "SMS", "STATUS", "TEMPLATES", "WRITTEN", "Outside", "Taken", "Text", "Window", "around", "drafted",
    "page_ref", "received_at", "runners", "said_on_page", "take",
]  # fmt: skip

LOADERS: Mapping[str, Loader] = {CONTACT.name: load_contacts, INBOX.name: load_inboxes}
RUNNERS: Mapping[str, Runner] = runners(Outside())
"""What sends messages where nobody said under which address the world reaches us: no link can be made."""
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
