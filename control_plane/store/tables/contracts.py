"""Client applications and their contracts with API instances."""

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.store.tables.apis import ApiInstance, SlaTier
from control_plane.store.tables.base import Base


class ClientApplication(Base):
    """A client application. Its secret is shown once; here are only a salt and a hash.

    An imported application has neither: its secret is known elsewhere. After a rotation, the secret
    before works too until the overlap ends. Its hash has the same salt.
    """

    __tablename__ = "client_applications"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    name: Mapped[str]
    description: Mapped[str | None]
    url: Mapped[str | None]
    redirect_uris: Mapped[list[str]]
    provider_id: Mapped[str | None]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_salt: Mapped[str | None]
    secret_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    owner: Mapped[str | None]
    """Who is responsible for it: a person or a team."""
    previous_secret_hash: Mapped[str | None]
    overlap_ends_at: Mapped[datetime | None] = mapped_column(index=True)
    grant_types: Mapped[list[str] | None]
    """How it asks an identity provider for tokens (OAuth 2.0). None if nobody has said it."""
    api_endpoints: Mapped[bool | None]
    """What the vendor's clients send as `apiEndpoints`; without effect here."""


_SEARCHED: Final = ("id", "api_id", "application_id")


class Contract(Base):
    """What an application may do with an API: one contract for each pair.

    `change` numbers the last change that a gateway has to hear of.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("api_id", "application_id"),
        UniqueConstraint("api_id", "change"),
        # Count and sort the queue of an environment, and search it, without reading its rows.
        Index("contracts_by_status", "environment_id", "status", *_SEARCHED),
        Index("contracts_by_id", "environment_id", *_SEARCHED),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    api_id: Mapped[int] = mapped_column(ForeignKey("api_instances.id", ondelete="CASCADE"))
    application_id: Mapped[int] = mapped_column(ForeignKey("client_applications.id"), index=True)
    status: Mapped[str]
    tier_id: Mapped[int | None] = mapped_column(ForeignKey("sla_tiers.id"), index=True)
    requested_tier_id: Mapped[int | None] = mapped_column(ForeignKey("sla_tiers.id"), index=True)
    approved_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    accepted_terms: Mapped[bool]
    party_id: Mapped[str | None]
    party_name: Mapped[str | None]
    reason: Mapped[str | None]
    change: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    """Why it was rejected or revoked."""
    environment_id: Mapped[str]
    """That of its API instance, which never changes."""
    lost_tier: Mapped[str | None]
    """The name of the tier that restoring it would grant, if this tier was deleted."""
    api: Mapped[ApiInstance] = relationship()
    application: Mapped[ClientApplication] = relationship(lazy="joined")
    tier: Mapped[SlaTier | None] = relationship(foreign_keys=[tier_id], lazy="joined")
    requested_tier: Mapped[SlaTier | None] = relationship(
        foreign_keys=[requested_tier_id], lazy="joined"
    )


class ContractTombstone(Base):
    """What is left of a deleted contract, so that the feed can tell of it.

    Kept for as long as the API instance lives: a few bytes for each deletion.
    """

    __tablename__ = "contract_tombstones"
    __table_args__ = (UniqueConstraint("api_id", "change"),)

    contract_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    api_id: Mapped[int] = mapped_column(ForeignKey("api_instances.id", ondelete="CASCADE"))
    client_id: Mapped[str]
    change: Mapped[int]
    removed_at: Mapped[datetime]
