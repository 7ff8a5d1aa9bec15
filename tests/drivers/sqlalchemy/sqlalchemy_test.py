"""SQLAlchemy 2: Core and ORM through psycopg, then the same models on asyncio through psycopg and asyncpg."""

import asyncio
import datetime
import uuid
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload, sessionmaker

from checks import CONNECTIONS, LARGE, PARTS, SETTLE_S, check, expect, in_threads, raises, settle


def url(driver):
    return sa.make_url(PARTS._replace(scheme=f"postgresql+{driver}").geturl())


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "sqlalchemy_user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(30), unique=True)
    fullname: Mapped[str | None]
    addresses: Mapped[list["Address"]] = relationship(back_populates="user", cascade="all, delete-orphan")


class Address(Base):
    __tablename__ = "sqlalchemy_address"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("sqlalchemy_user.id"))
    user: Mapped[User] = relationship(back_populates="addresses")


class Everything(Base):
    __tablename__ = "sqlalchemy_everything"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(sa.DateTime(timezone=True))
    amount: Mapped[Decimal | None]
    data: Mapped[dict] = mapped_column(JSONB)
    tags: Mapped[list[str]] = mapped_column(ARRAY(sa.String))
    blob: Mapped[bytes | None]


A_ROW = dict(
    id=uuid.UUID(int=7),
    at=datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc),
    amount=None,
    data={"a": [1, None, "x"]},
    tags=["a", 'b"c'],
    blob=b"\x00\xff",
)


def fields(row):
    return {name: getattr(row, name) for name in A_ROW}


def on_psycopg():
    engine = sa.create_engine(url("psycopg"), pool_size=20, max_overflow=CONNECTIONS, pool_pre_ping=True)

    with check("psycopg: connect, the dialect's first questions, create_all, reflection"):
        Base.metadata.drop_all(engine)
        Base.metadata.create_all(engine)
        settle()  # reflection may be answered by another connection of the engine's pool
        expect(set(Base.metadata.tables) <= set(sa.inspect(engine).get_table_names()), True)
        expect([column["name"] for column in sa.inspect(engine).get_columns("sqlalchemy_address")], ["id", "email", "user_id"])
        with engine.connect() as conn:
            expect(conn.execute(sa.text("SELECT :x + 1"), {"x": 1}).scalar(), 2)

    with check("psycopg: ORM: add, query, update, delete, relationships"):
        with Session(engine) as session:
            session.add(User(name="spongebob", fullname="Spongebob", addresses=[Address(email="s@sqlalchemy.org"), Address(email="s@x.org")]))
            session.add_all([User(name="sandy", fullname="Sandy Cheeks"), User(name="patrick")])
            session.commit()
            expect(session.scalars(sa.select(User.name).order_by(User.id)).all(), ["spongebob", "sandy", "patrick"])
            spongebob = session.scalars(sa.select(User).where(User.name == "spongebob").options(selectinload(User.addresses))).one()
            expect(len(spongebob.addresses), 2)
            joined = sa.select(Address.email).join(Address.user).where(User.name == "spongebob").order_by(Address.id)
            expect(session.scalars(joined).all(), ["s@sqlalchemy.org", "s@x.org"])
            spongebob.fullname = None
            spongebob.addresses.pop()
            session.delete(session.get(User, 3))
            session.commit()
            expect(session.scalar(sa.select(sa.func.count()).select_from(Address)), 1)

    with check("psycopg: every column type, NULL, upsert, bulk insert with RETURNING"):
        with Session(engine) as session, session.begin():
            session.add(Everything(**A_ROW))
        with Session(engine) as session, session.begin():
            expect(fields(session.scalars(sa.select(Everything).with_for_update()).one()), A_ROW)
            upsert = insert(Everything).values(**A_ROW).on_conflict_do_update(index_elements=["id"], set_={"amount": Decimal("1.50")})
            session.execute(upsert)
            names = [{"name": f"bulk {n}"} for n in range(2500)]
            expect(len(session.scalars(insert(User).returning(User.id), names).all()), 2500)

    with check("psycopg: rollback, savepoint, error and recovery"):
        with Session(engine) as session:
            session.add(User(name="lost"))
            session.flush()
            session.rollback()
            session.add(User(name="kept"))
            with raises(sa.exc.IntegrityError, "23505"), session.begin_nested():
                session.add(User(name="sandy"))
                session.flush()
            session.commit()
            with raises(sa.exc.ProgrammingError, "42P01"):
                session.execute(sa.text("SELECT * FROM no_such_table"))
            session.rollback()
            expect(session.scalars(sa.select(User.name).where(User.name.in_(["lost", "kept"]))).all(), ["kept"])

    with check("psycopg: stream with a server-side cursor, yield_per"):
        with Session(engine) as session:
            rows = session.scalars(sa.select(User).where(User.name.like("bulk %")).execution_options(yield_per=100))
            expect(sum(1 for _ in rows), 2500)

    with check("psycopg: AUTOCOMMIT, SERIALIZABLE, read-only"):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(sa.text("UPDATE sqlalchemy_user SET fullname = 'auto' WHERE name = 'sandy'"))
            expect(conn.scalar(sa.text("SELECT fullname FROM sqlalchemy_user WHERE name = 'sandy'")), "auto")
        with engine.connect().execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=True) as conn:
            expect(conn.scalar(sa.text("SHOW transaction_isolation")), "serializable")
            expect(conn.scalar(sa.text("SHOW transaction_read_only")), "on")
        with engine.begin() as conn:
            expect(conn.scalar(sa.text("SHOW transaction_read_only")), "off")

    with check("psycopg: 5 MB there and back"):
        with Session(engine) as session:
            payload = b"\x00\xfe" * (LARGE // 2)
            session.add(Everything(**{**A_ROW, "id": uuid.UUID(int=8), "blob": payload}))
            session.commit()
            expect(session.scalar(sa.select(Everything.blob).where(Everything.id == uuid.UUID(int=8))), payload)

    with check(f"psycopg: {CONNECTIONS} threads, ten sessions each"):
        make_session = sessionmaker(engine)

        def work(worker):
            for n in range(10):
                with make_session.begin() as session:
                    session.add(User(name=f"thread {worker} {n}"))
                    session.flush()
                    expect(session.scalar(sa.select(sa.func.count()).where(User.name.like(f"thread {worker} %"))), n + 1)

        in_threads(CONNECTIONS, work)
    engine.dispose()


async def on_asyncio(driver):
    engine = create_async_engine(url(driver), pool_size=CONNECTIONS, max_overflow=0)
    make_session = async_sessionmaker(engine, expire_on_commit=False)

    with check(f"{driver} on asyncio: ORM: add, query, rollback, savepoint"):
        async with engine.begin() as conn:
            await conn.run_sync(Base.metadata.drop_all)
            await conn.run_sync(Base.metadata.create_all)
        async with make_session() as session:
            session.add(User(name="spongebob", addresses=[Address(email="s@x.org")]))
            session.add(Everything(**A_ROW))
            await session.commit()
            found = (await session.scalars(sa.select(User).options(selectinload(User.addresses)))).one()
            expect([address.email for address in found.addresses], ["s@x.org"])
            session.add(User(name="lost"))
            await session.rollback()
            session.add(User(name="kept"))
            with raises(sa.exc.IntegrityError, "23505"):
                async with session.begin_nested():
                    session.add(User(name="spongebob"))
            await session.commit()
            expect((await session.scalars(sa.select(User.name).order_by(User.name))).all(), ["kept", "spongebob"])

    await asyncio.sleep(SETTLE_S)
    with check(f"{driver} on asyncio: types, bulk insert, stream"):
        async with make_session() as session, session.begin():
            expect(fields((await session.scalars(sa.select(Everything))).one()), A_ROW)
            await session.execute(insert(User), [{"name": f"bulk {n}"} for n in range(1000)])
            rows = await session.stream_scalars(sa.select(User.id).where(User.name.like("bulk %")).execution_options(yield_per=50))
            expect(len([row async for row in rows]), 1000)

    with check(f"{driver} on asyncio: read-only and serializable"):
        async with engine.connect() as conn:
            await conn.execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=True)
            expect(await conn.scalar(sa.text("SHOW transaction_isolation")), "serializable")
            with raises(sa.exc.DBAPIError, "25006"):
                await conn.execute(sa.text("DELETE FROM sqlalchemy_user"))
            await conn.rollback()

    with check(f"{driver} on asyncio: {CONNECTIONS} connections, 200 tasks"):

        async def task(n):
            async with make_session() as session, session.begin():
                session.add(User(name=f"task {n}"))
                await session.flush()
                return await session.scalar(sa.select(User.name).where(User.name == f"task {n}"))

        expect(await asyncio.gather(*(task(n) for n in range(200))), [f"task {n}" for n in range(200)])
    await engine.dispose()


on_psycopg()
for driver in ("psycopg", "asyncpg"):
    asyncio.run(on_asyncio(driver))
