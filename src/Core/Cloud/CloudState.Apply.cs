using System.Globalization;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Cloud;

public sealed partial class CloudState
{
    /// <summary>Adds one record. Throws <see cref="InvalidOperationException"/> for one that cannot follow: the journal is damaged, or we are wrong.</summary>
    public void Apply(JournalRecord record)
    {
        if (record.Sequence != LastSequence + 1)
        {
            throw new InvalidOperationException($"journal record {record.Sequence} cannot follow {LastSequence}");
        }

        LastSequence = record.Sequence;
        LastAtMs = record.AtMs;
        switch (record.Event)
        {
            case CloudFounded founded: (Currency, IsFounded) = (founded.Currency, true); break;
            case CloudStarted: break;
            case PlanMade made: Owed = HistoryBefore(made); break;
            case CloudStopped: Contracts.Stop(record.AtMs); break;
            case NodesSeen seen: See(seen); break;
            case WorkloadsFitted fitted: Fit(fitted); break;
            case UnitSet set: Units.Set(set.Unit, record.AtMs); break;
            case UnitRemoved removed: Units.Remove(removed.Name); break;
            case KeyCreated created: Add(created); break;
            case KeyRevoked revoked: _keys[revoked.KeyId] = _keysByHash[_keys[revoked.KeyId].Sha256] = _keys[revoked.KeyId] with { RevokedMs = record.AtMs }; break;
            case PriceSet or PricingEvent: ApplyPricing(record); break;
            case LeaseCharged charged: Charge(charged); break;
            case TokensCharged charged: Charge(charged, record.AtMs); break;
            case SpeedMeasured speed: (_speeds[(speed.ModelKey, speed.ChipClass)], LastFactSequence) = (speed, record.Sequence); break;
            case MemoryObserved memory: Remember(memory, record.Sequence); break;
            case ContractEvent: ApplyContract(record); break;
            case IdlePolicySet: break;
            case UnitMoveEvent: Moves.Apply(record, this); break;
            case StockEvent stock: Stock.Apply(stock); break;
            case AdmissionEvent admission: Admission.Apply(admission, record.AtMs); break;
            case InvoiceEvent: Invoices.Apply(record, this); break;
            case LeaseStarted or LeaseEnding or LeaseEnded: ApplyLease(record); break;
            case BudgetEvent: break;
            default: ApplyWorkload(record); break;
        }

        // Last, because what is spent and set aside follows from what the record changed elsewhere.
        Budgets.Apply(record);
        Pool.Apply(record, Lease);
    }

    private void ApplyWorkload(JournalRecord record)
    {
        switch (record.Event)
        {
            case WorkloadSubmitted submitted:
                Submit(record, submitted);
                break;
            case WorkloadScaled scaled:
                Change(scaled.WorkloadId, workload => workload with { Wanted = scaled.Wanted });
                break;
            case WorkloadStopRequested stop:
                Change(stop.WorkloadId, workload => workload with { StopRequested = true });
                break;
            case WorkloadDelayed delayed:
                Change(delayed.WorkloadId, workload => workload with { Failures = delayed.Failures, NotBeforeMs = delayed.NotBeforeMs, Detail = delayed.Why });
                break;
            case WorkloadEnded ended:
                Change(ended.WorkloadId, workload => workload with { EndedMs = record.AtMs, Result = ended.Result, ExitCode = ended.ExitCode, Detail = ended.Detail });
                Close(Number(ended.WorkloadId));
                Retire(ended.WorkloadId);
                break;
            default:
                throw new InvalidOperationException($"journal record {record.Sequence} is of an unknown kind");
        }
    }

    private void ApplyLease(JournalRecord record)
    {
        switch (record.Event)
        {
            case LeaseStarted started:
                Start(started.Lease with { Generation = record.Sequence });
                break;
            case LeaseEnding ending:
                _leases[ending.LeaseId] = _leases[ending.LeaseId] with
                {
                    EndingMs = record.AtMs, EndingBecause = ending.Because, Generation = record.Sequence,
                };
                break;
            case LeaseEnded ended:
                End(ended);
                break;
        }
    }

    private void Remember(MemoryObserved memory, long sequence)
    {
        _memory[(memory.ModelKey, memory.Runtime, memory.ChipClass)] = [.. Memory(memory.ModelKey, memory.Runtime, memory.ChipClass).TakeLast(ObservationsKept - 1), memory];
        LastFactSequence = sequence;
    }

    private void Add(KeyCreated created)
    {
        _keys[created.Key.Id] = _keysByHash[created.Key.Sha256] = created.Key;
        NextKey = Math.Max(NextKey, Number(created.Key.Id) + 1);
    }

    private void Submit(JournalRecord record, WorkloadSubmitted submitted)
    {
        var number = Number(submitted.WorkloadId);
        _workloads[submitted.WorkloadId] = new Workload
        {
            Id = submitted.WorkloadId, Spec = submitted.Spec, SubmittedMs = record.AtMs, SubmittedBy = record.By.KeyId ?? record.By.Name,
            Wanted = submitted.Spec.Service?.MinReplicas ?? submitted.Spec.Members,
        };
        _workloadOrder[number] = _openWorkloads[number] = submitted.WorkloadId;
        if (submitted.Spec.IsService)
        {
            _openServices[number] = submitted.WorkloadId;
        }

        _unfitted.Add(number);
        NextWorkload = Math.Max(NextWorkload, number + 1);
    }

    private void Start(Lease lease)
    {
        _leases[lease.Id] = lease;
        Reserved.Started(lease);
        var number = Number(lease.Id);
        _openLeases[number] = lease.Id;
        NextLease = Math.Max(NextLease, number + 1);
        if (!_leasesOf.TryGetValue(lease.WorkloadId, out var list))
        {
            _leasesOf[lease.WorkloadId] = list = [];
        }

        list.Add(lease.Id);
        Use.Note(lease, _workloads[lease.WorkloadId].Spec.IsService, lease.FromMs);
        Change(lease.WorkloadId, workload => workload with { FirstStartedMs = workload.FirstStartedMs ?? lease.FromMs });
    }

    private void End(LeaseEnded ended)
    {
        var lease = _leases[ended.LeaseId];
        Use.Note(lease, _workloads[lease.WorkloadId].Spec.IsService, ended.ToMs);
        _leases[ended.LeaseId] = lease with { ToMs = ended.ToMs, EndedBecause = ended.Because, ExitCode = ended.ExitCode, Detail = ended.Detail };
        _openLeases.Remove(Number(ended.LeaseId));
        Reserved.Ended(lease.Id, ended.ToMs);
        Change(lease.WorkloadId, workload => workload with
        {
            AttainedMs = workload.AttainedMs + (lease.Member == 0 ? Math.Max(0, ended.ToMs - lease.FromMs) : 0),
            WaitingSinceMs = ended.Because == LeaseEnd.Evicted ? ended.ToMs : workload.WaitingSinceMs,
            Evictions = workload.Evictions + (ended.Because == LeaseEnd.Evicted && lease.Member == 0 ? 1 : 0),
        });
        TrimLeases(lease.WorkloadId);
    }

    private void Charge(LeaseCharged charged)
    {
        if (_leases.TryGetValue(charged.Slice.LeaseId, out var lease))
        {
            _leases[lease.Id] = lease with { ChargedToMs = charged.Slice.ToMs };
        }

        Counters.Apply(charged.Slice.Counted);
        Bill.Add(charged.Slice, Units.PathAt(charged.Slice.Unit, charged.Slice.FromMs));
    }

    private void Charge(TokensCharged charged, long atMs)
    {
        if (!_charges.Add(charged.ChargeId))
        {
            throw new InvalidOperationException($"charge {charged.ChargeId} is in the journal twice");
        }

        Counters.Apply(charged.Counted);
        Usage.Add(charged, atMs);
        Use.Note(charged.Unit, charged.ChipClass, UseKind.Tokens, atMs);
        Bill.Add(charged, atMs, Units.PathAt(charged.Unit, atMs));
    }

    private void Change(string workloadId, Func<Workload, Workload> change) => _workloads[workloadId] = change(_workloads[workloadId]);

    /// <summary>Forgets the oldest ended workloads beyond <see cref="EndedKept"/>, with their leases.</summary>
    private void Retire(string workloadId)
    {
        _ended.Enqueue(workloadId);
        while (_ended.Count > EndedKept)
        {
            var old = _ended.Dequeue();
            _workloads.Remove(old);
            _workloadOrder.Remove(Number(old));
            if (_leasesOf.Remove(old, out var leases))
            {
                leases.ForEach(lease => _leases.Remove(lease));
            }
        }
    }

    /// <summary>A service that restarts for months keeps its last hundred ended leases at hand.</summary>
    private void TrimLeases(string workloadId)
    {
        var list = _leasesOf[workloadId];
        if (list.Count <= 200)
        {
            return;
        }

        var keep = list.Skip(list.Count - 100).ToHashSet(StringComparer.Ordinal);
        var dropped = list.Where(id => !keep.Contains(id) && !_leases[id].IsOpen && _leases[id].ChargedToMs >= _leases[id].ToMs).ToList();
        dropped.ForEach(id => _leases.Remove(id));
        list.RemoveAll(id => !_leases.ContainsKey(id));
    }

    /// <summary>Ids are a letter and a number: `w12`, `l7`, `k3`.</summary>
    private static int Number(string id) => int.Parse(id.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);
}
