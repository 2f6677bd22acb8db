"""`make manifests`: writes what follows from the settings and the charts."""

from deploy.manifests import manifests
from deploy.values_schema import schema_texts


def main() -> None:
    """Write the schemas first, because Helm reads them."""
    for make in (schema_texts, manifests):
        for file, text in make().items():
            file.write_text(text)


if __name__ == "__main__":
    main()
