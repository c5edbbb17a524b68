using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.Core.Journal;

/// <summary>Who carries idle devices from a day on.</summary>
public sealed record IdlePolicySet(IdlePolicy Policy) : JournalEvent;
