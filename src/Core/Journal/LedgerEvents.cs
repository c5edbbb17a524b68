using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of contracts.</summary>
public abstract record ContractEvent : JournalEvent;

/// <param name="OvercommitMilli">By how much it was knowingly signed beyond the healthy stock, at the worst instant; 0 = it was covered.</param>
public sealed record ContractSigned(Contract Contract, long OvercommitMilli = 0) : ContractEvent;

/// <param name="AtMs">When it ends: the instant of the record or later.</param>
public sealed record ContractEnded(string ContractId, long AtMs, string Why) : ContractEvent;

/// <summary>From this instant on so much is asked within the contract, and so much of it held: what service levels are measured from.</summary>
public sealed record ContractServiceChanged(string ContractId, long AskedMilli, long HeldMilli) : ContractEvent;
