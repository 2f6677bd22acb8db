"""The asyncio transport, part by part."""
