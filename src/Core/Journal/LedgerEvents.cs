using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of contracts.</summary>
public abstract record ContractEvent : JournalEvent;

public sealed record ContractSigned(Contract Contract) : ContractEvent;

/// <param name="AtMs">When it ends: the instant of the record or later.</param>
public sealed record ContractEnded(string ContractId, long AtMs, string Why) : ContractEvent;
