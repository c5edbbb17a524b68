using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>
/// Charges open leases up to now, so that a bill never hangs on one long lease. What accrues between two turns is added when a bill is read, and
/// is not lost by a crash: the lease stays open in the journal.
/// </summary>
public sealed class MeteringLoop(Cloud cloud, ILogger<MeteringLoop> logger) : Loop("metering", TimeSpan.FromSeconds(60), logger)
{
    private static readonly Actor Me = Actor.Loop("metering");

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        var outcome = await cloud.ChangeAsync<int>(Me, (state, nowMs) =>
        {
            var rater = state.Rater();
            List<JournalEvent> charges = [.. state.OpenLeases.SelectMany(lease => rater.Slices(lease, nowMs)).Select(slice => new LeaseCharged(slice)), .. Standing.Due(state, nowMs)];
            return Decide.Yes(charges.Count, charges);
        });
        return outcome.Refusal?.Message ?? $"{outcome.Value} lease slices charged";
    }
}
