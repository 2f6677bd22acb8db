"""API instances, and what admins attach to them: upstreams, policies and SLA tiers."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.store.tables.base import Base


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
    endpoint_uri: Mapped[str | None]
    """Where clients reach the API: its consumer endpoint."""
    approval_method: Mapped[str | None]
    deployment: Mapped[dict[str, Any] | None]
    routing: Mapped[list[dict[str, Any]] | None]
    """Routes, whose upstreams are named by their `id`."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    policies_changed_at: Mapped[datetime]
    asset: Mapped[Asset] = relationship(back_populates="apis", lazy="joined")
    upstreams: Mapped[list["Upstream"]] = relationship(viewonly=True, order_by="Upstream.id")


class Upstream(Base):
    """A service that an API instance sends requests to. Routes and policies name it by its uid."""

    __tablename__ = "upstreams"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    api_id: Mapped[int] = mapped_column(
        ForeignKey("api_instances.id", ondelete="CASCADE"), index=True
    )
    label: Mapped[str | None]
    uri: Mapped[str | None]
    tls_context: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]


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
    label: Mapped[str | None]
    upstream_ids: Mapped[list[str] | None]
    """The uids of the upstreams that an outbound policy is for."""
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
