using System.Collections.Immutable;
using Amalgam.Core.Ledger.Budgets;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the book of budgets and reservations.</summary>
public abstract record BudgetEvent : JournalEvent;

public sealed record BudgetSet(Budget Budget) : BudgetEvent;

public sealed record BudgetRemoved(string BudgetId) : BudgetEvent;

/// <summary>A share of a budget was reached; once per period.</summary>
/// <param name="Spent">In the budget's measure.</param>
public sealed record BudgetAlerted(string BudgetId, long PeriodFromMs, int Percent, long Spent) : BudgetEvent;

/// <summary>A request may begin: what it can cost at most is set aside until it is charged, closed or expires. Recorded before the client gets a byte.</summary>
/// <param name="StartedMs">Its price is the one in force at this instant.</param>
public sealed record RequestStarted(
    string ChargeId, string RequestId, string KeyId, string Unit, string Model, string WorkloadId, string Endpoint, long StartedMs, long ReservedNano, long ExpiresMs) : BudgetEvent;

/// <summary>What streams had delivered; the charge of those that end without a word. Also keeps their reservations.</summary>
public sealed record RequestsMarked(ImmutableArray<RequestMark> Marks, long ExpiresMs) : BudgetEvent;

/// <summary>The request ended with nothing to charge; what was set aside is free.</summary>
public sealed record RequestClosed(string ChargeId, RequestClosing Why) : BudgetEvent;

public enum RequestClosing
{
    /// <summary>Refused or failed before anything was delivered.</summary>
    Released,

    /// <summary>Nobody spoke for it any more, and nothing delivered was on record.</summary>
    Expired,
}

/// <summary>What a start of the cloud found of requests that a crash had torn.</summary>
/// <param name="Marked">Charged at their last mark.</param>
/// <param name="Expired">Nothing delivered was on record: not charged.</param>
public sealed record RequestsRecovered(int Marked, int Expired) : BudgetEvent;

/// <summary>What a lease under a hard budget has set aside, in place of what it had: enough to run to <paramref name="ToMs"/>.</summary>
/// <param name="HeldNano">For the time from where it is charged to <paramref name="ToMs"/>.</param>
public sealed record LeaseFunded(string LeaseId, long ToMs, long HeldNano) : BudgetEvent;
