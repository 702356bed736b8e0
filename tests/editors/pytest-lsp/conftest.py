import pytest_asyncio

import harness


def pytest_generate_tests(metafunc):
    if "profile" in metafunc.fixturenames:
        chosen = getattr(metafunc.function, "profiles", None) or harness.PROFILES
        metafunc.parametrize("profile", chosen, ids=[profile.name for profile in chosen])


@pytest_asyncio.fixture
async def session(profile, tmp_path):
    """An initialized server; afterwards it must shut down in order, with exit code 0."""
    session = harness.Session(profile, tmp_path)
    await session.start()
    yield session
    await session.stop()
