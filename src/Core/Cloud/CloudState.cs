using System.Collections.Immutable;
using Amalgam.Core.Access;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

/// <summary>
/// What all records of the journal add up to. Changed by <see cref="Apply"/> alone, so a replay of the same records always gives the same state.
/// Not thread-safe: whoever holds it decides who may look.
/// </summary>
public sealed partial class CloudState
{
    /// <summary>Ended workloads kept at hand; older ones are in the journal.</summary>
    public const int EndedKept = 10_000;

    private const int ObservationsKept = 16;

    private readonly Dictionary<string, ApiKey> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ApiKey> _keysByHash = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Workload> _workloads = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, string> _workloadOrder = [];
    private readonly SortedDictionary<long, string> _openWorkloads = [];
    private readonly SortedDictionary<long, string> _openServices = [];
    private readonly Queue<string> _ended = new();
    private readonly Dictionary<string, Lease> _leases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _leasesOf = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, string> _openLeases = [];
    private readonly ChargeIds _charges = new();
    private readonly Dictionary<(string Model, string Class), SpeedMeasured> _speeds = [];
    private readonly Dictionary<(string Model, string Runtime, string Class), ImmutableArray<MemoryObserved>> _memory = [];

    public long LastSequence { get; private set; }

    public long LastAtMs { get; private set; }

    public string Currency { get; private set; } = "USD";

    public bool IsFounded { get; private set; }

    public UnitTree Units { get; } = new();

    public PriceBook Prices { get; } = new();

    public BillBook Bill { get; } = new();

    public IEnumerable<ApiKey> Keys => _keys.Values;

    /// <summary>In order of submission, the ended ones that are still at hand included.</summary>
    public IEnumerable<Workload> Workloads => _workloadOrder.Values.Select(id => _workloads[id]);

    /// <summary>In order of submission.</summary>
    public IEnumerable<Workload> OpenWorkloads => _openWorkloads.Values.Select(id => _workloads[id]);

    /// <summary>In order of submission: a handful where jobs are thousands.</summary>
    public IEnumerable<Workload> OpenServices => _openServices.Values.Select(id => _workloads[id]);

    /// <summary>In order of their start.</summary>
    public IEnumerable<Lease> OpenLeases => _openLeases.Values.Select(id => _leases[id]);

    public IEnumerable<SpeedMeasured> Speeds => _speeds.Values;

    public int NextWorkload { get; private set; } = 1;

    public long NextLease { get; private set; } = 1;

    public int NextKey { get; private set; } = 1;

    public ApiKey? Key(string id) => _keys.GetValueOrDefault(id);

    public ApiKey? KeyByHash(string sha256) => _keysByHash.GetValueOrDefault(sha256);

    public Workload? Workload(string id) => _workloads.GetValueOrDefault(id);

    /// <summary>An open workload by id or name, else an ended one by id, else the latest ended one of that name.</summary>
    public Workload? FindWorkload(string idOrName) =>
        Workload(idOrName)
        ?? Workloads.LastOrDefault(workload => workload.IsOpen && workload.Spec.Name == idOrName)
        ?? Workloads.LastOrDefault(workload => workload.Spec.Name == idOrName);

    public Lease? Lease(string id) => _leases.GetValueOrDefault(id);

    /// <summary>All leases of a workload that are at hand, oldest first.</summary>
    public IEnumerable<Lease> LeasesOf(string workloadId) =>
        _leasesOf.TryGetValue(workloadId, out var ids) ? ids.Select(id => _leases[id]) : [];

    public IEnumerable<Lease> OpenLeasesOf(string workloadId) => LeasesOf(workloadId).Where(lease => lease.IsOpen);

    public bool IsCharged(string chargeId) => _charges.Contains(chargeId);

    public SpeedMeasured? Speed(string modelKey, string chipClass) => _speeds.GetValueOrDefault((modelKey, chipClass));

    /// <summary>The latest observations, oldest first.</summary>
    public ImmutableArray<MemoryObserved> Memory(string modelKey, string runtime, string chipClass) =>
        _memory.TryGetValue((modelKey, runtime, chipClass), out var seen) ? seen : [];

    public WorkloadPhase Phase(Workload workload)
    {
        if (!workload.IsOpen)
        {
            return WorkloadPhase.Ended;
        }

        var holds = OpenLeasesOf(workload.Id).Any();
        return workload.StopRequested ? WorkloadPhase.Stopping : holds ? WorkloadPhase.Running : WorkloadPhase.Waiting;
    }
}
