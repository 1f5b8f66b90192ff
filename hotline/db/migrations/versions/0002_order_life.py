"""The life of an order: institutions, people, rights, duty, clocks, offers, callbacks, messages.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("result", sa.String(80), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_inbox")),
        sa.UniqueConstraint("order_no", "seq", name="uq_inbox_seq"),
    )
    op.create_table(
        "institutions",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("parent", sa.String(40), nullable=True),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("skills_json", sa.String(), nullable=False),
        sa.Column("languages_json", sa.String(), nullable=False),
        sa.Column("hours_json", sa.String(), nullable=False),
        sa.Column("is_desk", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_institutions")),
    )
    with op.batch_alter_table("institutions") as batch_op:
        batch_op.create_index(batch_op.f("ix_institutions_region"), ["region"], unique=False)

    op.create_table(
        "match_models",
        sa.Column("model_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("weights_json", sa.String(), nullable=False),
        sa.Column("report_json", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_match_models")),
    )
    op.create_table(
        "nonces",
        sa.Column("nonce", sa.String(80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_nonces")),
    )
    with op.batch_alter_table("nonces") as batch_op:
        batch_op.create_index(batch_op.f("ix_nonces_at"), ["at"], unique=False)

    op.create_table(
        "opt_outs",
        sa.Column("phone_hash", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("phone_hash", name=op.f("pk_opt_outs")),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=True),
        sa.Column("call_id", sa.String(40), nullable=True),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("institution", sa.String(40), nullable=True),
        sa.Column("person_id", sa.String(40), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("result", sa.String(40), nullable=True),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_callbacks_order_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
    )
    with op.batch_alter_table("callbacks") as batch_op:
        batch_op.create_index("ix_callbacks_due", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_callbacks_institution"), ["institution"], unique=False)
        batch_op.create_index(batch_op.f("ix_callbacks_order_no"), ["order_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_callbacks_person_id"), ["person_id"], unique=False)

    op.create_table(
        "match_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("institution", sa.String(40), nullable=True),
        sa.Column("person_id", sa.String(40), nullable=True),
        sa.Column("mode", sa.String(20), nullable=False),
        sa.Column("model_id", sa.String(40), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("terms_json", sa.String(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_in_time", sa.Boolean(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_in_time", sa.Boolean(), nullable=True),
        sa.Column("reopened", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_match_outcomes_order_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_outcomes")),
    )
    with op.batch_alter_table("match_outcomes") as batch_op:
        batch_op.create_index(batch_op.f("ix_match_outcomes_order_no"), ["order_no"], unique=False)
        batch_op.create_index("ix_match_outcomes_who", ["person_id", "assigned_at"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("template", sa.String(40), nullable=False),
        sa.Column("body_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(80), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_notices_order_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    with op.batch_alter_table("notices") as batch_op:
        batch_op.create_index("ix_notices_due", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_order_no"), ["order_no"], unique=False)

    op.create_table(
        "order_clocks",
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("clock", sa.String(20), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_s", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_order_clocks_order_no")
        ),
        sa.PrimaryKeyConstraint("order_no", "clock", name=op.f("pk_order_clocks")),
    )
    with op.batch_alter_table("order_clocks") as batch_op:
        batch_op.create_index(batch_op.f("ix_order_clocks_next_at"), ["next_at"], unique=False)

    op.create_table(
        "people",
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("staff_no", sa.String(40), nullable=False),
        sa.Column("name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("phone_enc", sa.LargeBinary(), nullable=True),
        sa.Column("institution", sa.String(40), nullable=True),
        sa.Column("skills_json", sa.String(), nullable=False),
        sa.Column("languages_json", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution"], ["institutions.code"], name=op.f("fk_people_institution")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_people")),
        sa.UniqueConstraint("staff_no", name=op.f("uq_people_staff_no")),
    )
    with op.batch_alter_table("people") as batch_op:
        batch_op.create_index(batch_op.f("ix_people_institution"), ["institution"], unique=False)

    op.create_table(
        "ratings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("terminal", sa.String(40), nullable=False),
        sa.Column("comment_enc", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_no"], ["orders.order_no"], name=op.f("fk_ratings_order_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("order_no", "round", name="uq_ratings_round"),
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("terminal", sa.String(40), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=True),
        sa.Column("rights_json", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_api_keys_person_id")
        ),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "duties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution", sa.String(40), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution"], ["institutions.code"], name=op.f("fk_duties_institution")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_duties_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
        sa.UniqueConstraint("person_id", "starts_at", name="uq_duties_person_start"),
    )
    with op.batch_alter_table("duties") as batch_op:
        batch_op.create_index(
            "ix_duties_where_when", ["institution", "starts_at", "ends_at"], unique=False
        )

    op.create_table(
        "grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("institution", sa.String(40), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_grants_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
        sa.UniqueConstraint("person_id", "role", "institution", "region", name="uq_grants_one"),
    )
    with op.batch_alter_table("grants") as batch_op:
        batch_op.create_index(batch_op.f("ix_grants_person_id"), ["person_id"], unique=False)

    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(20), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.String(40), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(20), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], name=op.f("fk_offers_order_no")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.person_id"], name=op.f("fk_offers_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
        sa.UniqueConstraint("order_no", "round", "person_id", name="uq_offers_one"),
    )
    with op.batch_alter_table("offers") as batch_op:
        batch_op.create_index(batch_op.f("ix_offers_person_id"), ["person_id"], unique=False)

    with op.batch_alter_table("orders") as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("handling", sa.String(20), nullable=True))
        batch_op.add_column(sa.Column("complexity", sa.String(20), nullable=True))
        batch_op.add_column(sa.Column("language", sa.String(20), nullable=True))
        batch_op.add_column(
            sa.Column("reasons_json", sa.String(), server_default="[]", nullable=False)
        )
        batch_op.add_column(sa.Column("institution", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("handler", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("mode", sa.String(20), nullable=True))
        batch_op.add_column(sa.Column("card", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("held_state", sa.String(20), nullable=True))
        batch_op.add_column(sa.Column("urged", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("returned", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("extended", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("reopened", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("close_reason", sa.String(40), nullable=True))
        batch_op.add_column(sa.Column("satisfaction", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.String(20), nullable=True))
        batch_op.add_column(sa.Column("outside_no", sa.String(60), nullable=True))
        batch_op.create_index(batch_op.f("ix_orders_handler"), ["handler"], unique=False)
        batch_op.create_index(batch_op.f("ix_orders_institution"), ["institution"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch_op:
        batch_op.drop_index(batch_op.f("ix_orders_institution"))
        batch_op.drop_index(batch_op.f("ix_orders_handler"))
        batch_op.drop_column("outside_no")
        batch_op.drop_column("merged_into")
        batch_op.drop_column("satisfaction")
        batch_op.drop_column("close_reason")
        batch_op.drop_column("closed_at")
        batch_op.drop_column("resolved_at")
        batch_op.drop_column("accepted_at")
        batch_op.drop_column("assigned_at")
        batch_op.drop_column("reopened")
        batch_op.drop_column("extended")
        batch_op.drop_column("returned")
        batch_op.drop_column("urged")
        batch_op.drop_column("held_state")
        batch_op.drop_column("due_at")
        batch_op.drop_column("card")
        batch_op.drop_column("mode")
        batch_op.drop_column("handler")
        batch_op.drop_column("institution")
        batch_op.drop_column("reasons_json")
        batch_op.drop_column("language")
        batch_op.drop_column("complexity")
        batch_op.drop_column("handling")
        batch_op.drop_column("version")

    with op.batch_alter_table("offers") as batch_op:
        batch_op.drop_index(batch_op.f("ix_offers_person_id"))

    op.drop_table("offers")
    with op.batch_alter_table("grants") as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_person_id"))

    op.drop_table("grants")
    with op.batch_alter_table("duties") as batch_op:
        batch_op.drop_index("ix_duties_where_when")

    op.drop_table("duties")
    op.drop_table("api_keys")
    op.drop_table("ratings")
    with op.batch_alter_table("people") as batch_op:
        batch_op.drop_index(batch_op.f("ix_people_institution"))

    op.drop_table("people")
    with op.batch_alter_table("order_clocks") as batch_op:
        batch_op.drop_index(batch_op.f("ix_order_clocks_next_at"))

    op.drop_table("order_clocks")
    with op.batch_alter_table("notices") as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_order_no"))
        batch_op.drop_index("ix_notices_due")

    op.drop_table("notices")
    with op.batch_alter_table("match_outcomes") as batch_op:
        batch_op.drop_index("ix_match_outcomes_who")
        batch_op.drop_index(batch_op.f("ix_match_outcomes_order_no"))

    op.drop_table("match_outcomes")
    with op.batch_alter_table("callbacks") as batch_op:
        batch_op.drop_index(batch_op.f("ix_callbacks_person_id"))
        batch_op.drop_index(batch_op.f("ix_callbacks_order_no"))
        batch_op.drop_index(batch_op.f("ix_callbacks_institution"))
        batch_op.drop_index("ix_callbacks_due")

    op.drop_table("callbacks")
    op.drop_table("opt_outs")
    with op.batch_alter_table("nonces") as batch_op:
        batch_op.drop_index(batch_op.f("ix_nonces_at"))

    op.drop_table("nonces")
    op.drop_table("match_models")
    with op.batch_alter_table("institutions") as batch_op:
        batch_op.drop_index(batch_op.f("ix_institutions_region"))

    op.drop_table("institutions")
    op.drop_table("inbox")
