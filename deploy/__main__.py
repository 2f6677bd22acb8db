"""`make manifests`: writes what follows from the settings and the charts."""

from deploy.manifests import definition_template, manifests
from deploy.values_schema import schema_texts


def main() -> None:
    """Write the charts first, because the manifests are rendered from them."""
    for make in (schema_texts, definition_template, manifests):
        for file, text in make().items():
            file.write_text(text)


if __name__ == "__main__":
    main()
