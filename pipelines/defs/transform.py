"""The whole dbt project as assets: each model one asset, each dbt test one check."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import metadata
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from pipelines import run, settings, warehouse
from pipelines.defs.folder import FOLDER


class OfflineDbt(DbtCliResource):
    """dbt without a look at the package registry: `dbt --version`, which Dagster asks, goes there."""

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))


settings.apply(warehouse.environment(settings.data_dir()))
dbt = OfflineDbt(
    project_dir=str(warehouse.PROJECT),
    profiles_dir=str(warehouse.PROJECT),
    dbt_executable=warehouse.DBT[0],
    global_config_flags=list(warehouse.DBT[1:]),
)


class ByFolder(DagsterDbtTranslator):
    """Groups are the folders: staging and intermediate by source or subject, metrics by topic area."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        folders = dbt_resource_props.get("fqn", [])[1:-1]
        return "_".join(folders) if folders else None


@dbt_assets(
    manifest=warehouse.parse(settings.data_dir()),
    name="warehouse",
    dagster_dbt_translator=ByFolder(),
    pool="warehouse",
    required_resource_keys={FOLDER},
)
def models(context: dg.AssetExecutionContext) -> Iterator[Any]:
    data = settings.data_dir()
    run.display.stage("building the warehouse")
    target = warehouse.manifest(data).parent
    try:
        with run.building(data, context.run_id[:12]):
            yield from dbt.cli(warehouse.BUILD, context=context, target_path=target).stream()
    except run.NothingToBuild as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    except DagsterDbtCliRuntimeError as error:
        raise dg.Failure(warehouse.trouble(data, str(error)), allow_retries=False) from None
