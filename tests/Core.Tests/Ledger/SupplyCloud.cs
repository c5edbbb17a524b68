using System.Collections.Immutable;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.ControlPlane.Commands;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Units;
using Amalgam.Core.Workloads;

namespace Core.Tests.Ledger;

/// <summary>A cloud without processes: the real state, the real commands, the real allocator, and a clock that stands until it is told to go.</summary>
internal sealed class SupplyCloud
{
    public const long Day = 86_400_000;
    public const long Hour = 3_600_000;

    private static readonly Caller Owner = new("k1", "root", Role.Owner);
    private static readonly string[] Known = ["h100", "l40s", "ascend-910b"];
    private readonly List<JournalRecord> _records = [];
    private AllocationHistory _history = AllocationHistory.Empty;

    public SupplyCloud(string now = "2026-12-01")
    {
        NowMs = At(now);
        Add(new CloudFounded("USD", "1"), new UnitSet(new Unit { Name = "root" }));
    }

    public CloudState State { get; } = new();

    public long NowMs { get; set; }

    /// <summary>Of the last <see cref="Plan"/>.</summary>
    public AllocationPlan? Last { get; private set; }

    /// <summary>As they come back from the disk.</summary>
    public IEnumerable<JournalRecord> Records => _records.Select(record => JournalJson.Read(record.Sequence, JournalJson.Write(record)));

    public static long At(string date) => DateTimeOffset.Parse(date, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();

    public void Add(params IReadOnlyList<JournalEvent> events)
    {
        foreach (var fact in events)
        {
            _records.Add(new JournalRecord(_records.Count + 1, NowMs, new Actor("test", null, null), fact));
            State.Apply(_records[^1]);
        }
    }

    public Refusal? Try<T>(Decision<T> decision)
    {
        if (decision.Refusal is null)
        {
            Add(decision.Events);
        }

        return decision.Refusal;
    }

    public void Unit(string name, string parent = "root", params (string Name, string Value)[] facts) => Add(new UnitSet(new Unit
    {
        Name = name, Parent = parent, Facts = facts.ToImmutableSortedDictionary(fact => fact.Name, fact => fact.Value, StringComparer.Ordinal),
    }));

    public void Node(string name, string chip, int devices, bool healthy = true) =>
        Add(new NodesSeen([new NodeState { Name = name, Machine = name, ChipClass = chip, Devices = devices, MemoryMiB = 1024, Healthy = healthy }], []));

    public Refusal? Receive(string chip, long devices, string? date = null, bool spare = false, bool? replenishable = null) => Try(ChangeStock.Receive(
        State, Owner, new StockReceiveRequest { ChipClass = chip, Devices = devices, Date = date is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(At(date)), Spare = spare, Replenishable = replenishable }, NowMs, Known));

    public Refusal? Move(string chip, long devices, string from, string to) =>
        Try(ChangeStock.Move(State, Owner, new StockMoveRequest { ChipClass = chip, Devices = devices, From = from, To = to }, NowMs));

    public Refusal? Sign(ContractRequest request) => Try(ChangeContracts.Add(State, Owner, request, NowMs, Known));

    public Refusal? Sign(string unit, decimal devices, string from, string to, string chip = "h100", ServiceTerms? level = null, string? price = null, bool overcommit = false) => Sign(new ContractRequest
    {
        Unit = unit, ChipClass = chip, Devices = devices, From = DateTimeOffset.FromUnixTimeMilliseconds(At(from)), To = DateTimeOffset.FromUnixTimeMilliseconds(At(to)), ServiceLevel = level, PricePerDeviceHour = price,
        Overcommit = overcommit,
    });

    public string Submit(string unit, int devices, params string[] chips)
    {
        var id = $"w{State.NextWorkload}";
        Add(
            new WorkloadSubmitted(id, new WorkloadSpec { Name = id, Unit = unit, DevicesMilli = devices * 1000L, Job = new JobSpec { Command = ["work"] } }),
            new WorkloadsFitted([id], [.. (chips.Length == 0 ? ["h100"] : chips).Select(chip => new ClassSpeed(chip, 1_000_000))]));
        return id;
    }

    public void Finish(string id)
    {
        End(id, LeaseEnd.Finished);
        Add(new WorkloadEnded(id, WorkloadResult.Succeeded, 0, "exit code 0"));
    }

    /// <summary>One cycle, carried out at once, and what it means for service levels.</summary>
    public void Plan()
    {
        var plan = Last = Allocator.Plan(AllocationInput.Of(State, _history, NowMs));
        _history = plan.History;
        foreach (var decision in plan.Decisions)
        {
            End(decision.WorkloadId, LeaseEnd.Evicted);
            foreach (var member in decision is StartDecision start ? start.Members : decision is MoveDecision move ? move.Members : decision is ResizeDecision resize ? resize.Members : [])
            {
                Add(new LeaseStarted(new Lease
                {
                    Id = $"l{State.NextLease}", WorkloadId = decision.WorkloadId, Unit = State.Workload(decision.WorkloadId)!.Spec.Unit, Member = member.Member, Node = member.Node,
                    ChipClass = State.Nodes.Single(node => node.Name == member.Node).ChipClass, Devices = member.Devices, MilliPerDevice = member.MilliPerDevice, FromMs = NowMs, ChargedToMs = NowMs,
                }));
            }
        }

        Add(ServiceMeter.News(State, plan, NowMs));
    }

    public bool Runs(string id) => State.OpenLeasesOf(id).Any();

    private void End(string id, LeaseEnd because)
    {
        foreach (var lease in State.OpenLeasesOf(id).ToList())
        {
            Add(new LeaseEnded(lease.Id, NowMs, because, 0, null));
        }
    }
}
