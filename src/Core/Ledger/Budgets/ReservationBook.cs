using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>Everything that is set aside now. What a method returns is to be added to, or taken from, the budgets over that unit.</summary>
public sealed class ReservationBook
{
    private readonly Dictionary<string, OpenRequest> _requests = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LeaseFunding> _leases = new(StringComparer.Ordinal);

    public IReadOnlyCollection<OpenRequest> Requests => _requests.Values;

    public IReadOnlyCollection<KeyValuePair<string, LeaseFunding>> Leases => _leases;

    internal IEnumerable<(string Unit, BudgetUse Use)?> All => _requests.Values.Select(request => ((string, BudgetUse)?)(request.Unit, new BudgetUse(request.ReservedNano)))
        .Concat(_leases.Values.Select(lease => ((string, BudgetUse)?)(lease.Unit, lease.Held)));

    public OpenRequest? Request(string chargeId) => _requests.GetValueOrDefault(chargeId);

    public LeaseFunding? Lease(string leaseId) => _leases.GetValueOrDefault(leaseId);

    /// <summary>Requests whose time is over, oldest first.</summary>
    public List<OpenRequest> Expired(long nowMs) => [.. _requests.Values.Where(request => request.ExpiresMs <= nowMs).OrderBy(request => request.StartedMs)];

    internal (string, BudgetUse)? Open(RequestStarted started)
    {
        _requests.Add(started.ChargeId, new OpenRequest
        {
            ChargeId = started.ChargeId, RequestId = started.RequestId, KeyId = started.KeyId, Unit = started.Unit, Model = started.Model, WorkloadId = started.WorkloadId,
            Endpoint = started.Endpoint, StartedMs = started.StartedMs, ReservedNano = started.ReservedNano, ExpiresMs = started.ExpiresMs,
        });
        return (started.Unit, new BudgetUse(started.ReservedNano));
    }

    internal void Mark(RequestsMarked marked)
    {
        foreach (var mark in marked.Marks)
        {
            if (_requests.TryGetValue(mark.ChargeId, out var request))
            {
                _requests[mark.ChargeId] = request with { Mark = mark, ExpiresMs = marked.ExpiresMs };
            }
        }
    }

    /// <summary>Null for one that nobody knows: journals from before requests were recorded charge without a start.</summary>
    internal (string, BudgetUse)? Close(string chargeId) =>
        _requests.Remove(chargeId, out var request) ? (request.Unit, new BudgetUse(request.ReservedNano)) : null;

    internal (string, BudgetUse)? Fund(LeaseFunded funded, Lease lease)
    {
        var funding = new LeaseFunding(lease.Unit, lease.ChipClass, funded.ToMs, funded.HeldNano, Math.Max(0, funded.ToMs - lease.ChargedToMs) * lease.MilliDevices);
        _leases[lease.Id] = funding;
        return (funding.Unit, funding.Held);
    }

    internal (string, BudgetUse)? Unfund(string leaseId) => _leases.Remove(leaseId, out var funding) ? (funding.Unit, funding.Held) : null;

    /// <summary>What a charge takes out of what the lease has set aside: never more than is there.</summary>
    internal (string, BudgetUse)? Charge(LeaseSlice slice)
    {
        if (!_leases.TryGetValue(slice.LeaseId, out var funding) || slice.PriceVersion == LeaseMetering.Unfunded)
        {
            return null;
        }

        var used = new BudgetUse(
            Math.Min(funding.HeldNano, slice.AmountNano), funding.ChipClass, Math.Min(funding.HeldMilliDeviceMs, (slice.ToMs - slice.FromMs) * slice.MilliDevices));
        _leases[slice.LeaseId] = funding with { HeldNano = funding.HeldNano - used.Nano, HeldMilliDeviceMs = funding.HeldMilliDeviceMs - used.MilliDeviceMs };
        return (funding.Unit, used);
    }
}
