using System.Collections.Immutable;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Sharing;

namespace Amalgam.Core.Journal;

/// <summary>Who carries idle devices from a day on.</summary>
public sealed record IdlePolicySet(IdlePolicy Policy) : JournalEvent;

/// <summary>What of a class nobody bought and nobody used on a day that is over, charged to who carries it.</summary>
/// <param name="Day">Days (UTC) since 1970.</param>
/// <param name="PriceVersion">The list price that the day is valued at; 0 = there is none.</param>
/// <param name="Shares">All of them, the house's too: they add up to what stood idle. The house owes nothing.</param>
public sealed record IdleDevicesShared(
    string ChipClass, int Day, IdleRule Rule, int PriceVersion, ImmutableArray<IdleShare> Shares, ImmutableArray<Entry> Entries, bool Simulated = false) : PricingEvent;

/// <param name="Path">Where the unit stood on that day.</param>
/// <param name="Quantity">Milli-device-milliseconds.</param>
public sealed record IdleShare(string Unit, string Path, long Quantity, long AmountNano);
