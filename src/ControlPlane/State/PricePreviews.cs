using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.Views;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>
/// `price change --preview`: the books are copied under the lock, the usage is streamed from the journal's file beside it, so the cloud goes on. Two at once; more wait.
/// </summary>
public sealed class PricePreviews(Cloud cloud, IPastRecords past) : IDisposable
{
    private const long DefaultPeriodMs = 30L * 86_400_000;

    private readonly SemaphoreSlim _two = new(2);

    public async Task<Outcome<PriceChangePreviewView>> PreviewAsync(Caller caller, PriceChangeRequest request, IReadOnlyCollection<string> knownClasses, CancellationToken cancel)
    {
        var start = cloud.Read<Outcome<Start>>(state => Begin(state, caller, request, knownClasses));
        if (start.Refusal is { } refusal)
        {
            return refusal;
        }

        // What the copied state holds must be readable in the file.
        await cloud.DurableAsync();
        await _two.WaitAsync(cancel);
        try
        {
            return await Task.Run(() => Rate(start.Value!, cancel), cancel);
        }
        finally
        {
            _two.Release();
        }
    }

    private Outcome<Start> Begin(CloudState state, Caller caller, PriceChangeRequest request, IReadOnlyCollection<string> knownClasses)
    {
        if (Permission.Check(state, caller, Role.Auditor, state.Units.Root.Name) is not null)
        {
            return new Refusal(RefusalCodes.Forbidden, $"a price change concerns everybody: it is previewed with a key of {state.Units.Root.Name}");
        }

        var nowMs = cloud.NowMs;
        var change = ChangePrices.Read(state, request, nowMs, knownClasses);
        if (change.Refusal is { } wrong)
        {
            return wrong;
        }

        var toMs = request.UsageTo?.ToUnixTimeMilliseconds() ?? nowMs;
        var fromMs = request.UsageFrom?.ToUnixTimeMilliseconds() ?? toMs - DefaultPeriodMs;
        if (toMs > nowMs || fromMs >= toMs)
        {
            return new Refusal(RefusalCodes.Invalid, "the usage to play again lies between --usage-from and --usage-to, and both are past");
        }

        var versions = change.Value!.Versions(state.Prices, state.Units, "preview");
        if (versions.Refusal is { } none)
        {
            return none;
        }

        var open = state.OpenLeases.Where(lease => lease.ChargedToMs < toMs).ToList();
        var books = PricingBooks.Of(state);
        var idle = state.Reserved.Due(state.Contracts, state.Units, state.Tariffs, toMs).ToList();
        return new Start(state.Currency, change.Value, versions.Value, books, new UsagePeriod(fromMs, toMs, Math.Max(0, change.Value.FromMs - fromMs)), open, idle, [.. BudgetOutlook.Of(state.Budgets, nowMs)], state.LastSequence, nowMs);
    }

    private PriceChangePreviewView Rate(Start start, CancellationToken cancel)
    {
        var after = start.Books.With(start.Versions);
        var preview = new ChangePreview(start.Books, after, start.Change, start.Period);
        foreach (var record in past.Charges(start.Period.FromMs, start.ThroughSequence))
        {
            cancel.ThrowIfCancellationRequested();
            preview.Add(record);
        }

        foreach (var lease in start.Open)
        {
            preview.Add(new DeviceUse(lease.Unit, lease.ChipClass, lease.FromMs, lease.ChargedToMs, start.Period.ToMs, lease.MilliDevices));
        }

        foreach (var idle in start.Idle)
        {
            preview.AddIdle(idle.ContractId, new DeviceUse(idle.Unit, idle.ChipClass, idle.FromMs, idle.FromMs, idle.ToMs, idle.MilliDevices));
        }

        var hits = BudgetHits.Of(start.Budgets, start.Books.Units, preview.DifferenceByUnit, start.Period.ToMs - start.Period.FromMs).ToList();
        return PriceViews.Of(after, start.Currency, start.Change, start.Versions, start.Period, preview.Rows, hits, start.NowMs);
    }

    public void Dispose() => _two.Dispose();

    /// <param name="Open">Leases with time that is not charged yet.</param>
    /// <param name="Idle">Of reserved capacity, not charged yet.</param>
    private sealed record Start(
        string Currency, PriceChange Change, IReadOnlyList<Core.Ledger.Price> Versions, PricingBooks Books, UsagePeriod Period, List<Lease> Open, List<ReservedIdleCharged> Idle, List<BudgetOutlook> Budgets, long ThroughSequence, long NowMs);
}
