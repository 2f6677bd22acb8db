"""The tables of the configuration database.

Ids of rows that a gateway remembers are never used again (AUTOINCREMENT): a contract that
takes over the id of a deleted one would be mistaken for it.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from control_plane.clock import epoch_ms, from_epoch_ms


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else epoch_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else from_epoch_ms(value)


class Base(DeclarativeBase):
    """The declarative base, with the JSON and time columns that the tables use."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own class-level configuration
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
        datetime: UtcTime,
    }


class Organization(Base):
    """An organization; also where changes to its contracts are numbered (`contract_feed`)."""

    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    feed_epoch: Mapped[str]
    last_change: Mapped[int] = mapped_column(default=0)


class EndedFeedEpoch(Base):
    """An earlier epoch of an organization's contract feed, with the last change made in it."""

    __tablename__ = "ended_feed_epochs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    epoch: Mapped[str] = mapped_column(unique=True)
    last_change: Mapped[int]


class Environment(Base):
    """An environment of an organization, such as Production."""

    __tablename__ = "environments"

    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]


class Login(Base):
    """Who may get a token: a user by name and password, a gateway by client id and secret."""

    __tablename__ = "logins"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str | None] = mapped_column(ForeignKey("environments.id"))
    secret_hash: Mapped[str]


class AccessToken(Base):
    """A bearer token, known by its hash only."""

    __tablename__ = "access_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_name: Mapped[str] = mapped_column(
        ForeignKey("logins.name", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Asset(Base):
    """An API's published specification; API instances of one asset are listed under it."""

    __tablename__ = "assets"
    __table_args__ = (
        UniqueConstraint("environment_id", "group_id", "asset_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    group_id: Mapped[str]
    asset_id: Mapped[str]
    created_at: Mapped[datetime]
    apis: Mapped[list["ApiInstance"]] = relationship(
        back_populates="asset", order_by="ApiInstance.id"
    )


class ApiInstance(Base):
    """An API instance: what policies, tiers and contracts belong to."""

    __tablename__ = "api_instances"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), index=True)
    asset_row_id: Mapped[int] = mapped_column(ForeignKey("assets.id"), index=True)
    asset_version: Mapped[str]
    instance_label: Mapped[str | None]
    description: Mapped[str | None]
    tags: Mapped[list[str]]
    deprecated: Mapped[bool] = mapped_column(default=False)
    technology: Mapped[str]
    provider_id: Mapped[str | None]
    endpoint: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    policies_changed_at: Mapped[datetime]
    asset: Mapped[Asset] = relationship(back_populates="apis", lazy="joined")


class Policy(Base):
    """A policy applied to one API instance."""

    __tablename__ = "policies"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    api_id: Mapped[int] = mapped_column(
        ForeignKey("api_instances.id", ondelete="CASCADE"), index=True
    )
    policy_template_id: Mapped[str | None]
    group_id: Mapped[str]
    asset_id: Mapped[str]
    asset_version: Mapped[str]
    configuration: Mapped[dict[str, Any]]
    pointcut: Mapped[list[dict[str, Any]] | None]
    order: Mapped[int]
    disabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    api: Mapped[ApiInstance] = relationship(lazy="joined")


class AutomatedPolicy(Base):
    """A policy that an environment applies to all of its API instances."""

    __tablename__ = "automated_policies"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), index=True)
    rule_of_application: Mapped[dict[str, Any]]
    policy_template_id: Mapped[str | None]
    group_id: Mapped[str]
    asset_id: Mapped[str]
    asset_version: Mapped[str]
    configuration: Mapped[dict[str, Any]]
    pointcut: Mapped[list[dict[str, Any]] | None]
    order: Mapped[int | None]
    disabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]


class SlaTier(Base):
    """An SLA tier: limits that an API offers, and whether a contract on it needs approval."""

    __tablename__ = "sla_tiers"
    __table_args__ = (UniqueConstraint("api_id", "name"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    api_id: Mapped[int] = mapped_column(ForeignKey("api_instances.id", ondelete="CASCADE"))
    name: Mapped[str]
    description: Mapped[str | None]
    limits: Mapped[list[dict[str, Any]]]
    status: Mapped[str]
    auto_approve: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]


class ClientApplication(Base):
    """A client application. Its secret is shown once; here are only a salt and a hash.

    An imported application has neither: its secret is known elsewhere.
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


class Contract(Base):
    """What an application may do with an API: one contract for each pair.

    `change` numbers the last change that a gateway has to hear of.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        UniqueConstraint("api_id", "application_id"),
        UniqueConstraint("api_id", "change"),
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
