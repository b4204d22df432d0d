"""The ground floor: what any app may stand on. It knows none of them (an import contract)."""
