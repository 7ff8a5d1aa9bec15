//! A throwaway PostgreSQL cluster with pgweir in front of it, for trying it out and for tests.
