using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Admission;

public enum UseKind
{
    Serving,
    Jobs,
    Tokens,
}

/// <summary>Which unit has used what, since when and until when: what grandfathering and breadth are judged by.</summary>
public sealed class UseBook
{
    private readonly Dictionary<(string Unit, string ChipClass), long> _firstMs = [];
    private readonly Dictionary<(string Unit, UseKind Kind), long> _lastMs = [];

    /// <summary>Null when the unit never used the class.</summary>
    public long? FirstUseMs(string unit, string chipClass) => _firstMs.TryGetValue((unit, chipClass), out var at) ? at : null;

    /// <summary>Null when the unit never did that.</summary>
    public long? LastUseMs(string unit, UseKind kind) => _lastMs.TryGetValue((unit, kind), out var at) ? at : null;

    public void Note(string unit, string chipClass, UseKind kind, long atMs)
    {
        _firstMs.TryAdd((unit, chipClass), atMs);
        _lastMs[(unit, kind)] = Math.Max(atMs, _lastMs.GetValueOrDefault((unit, kind)));
    }

    public void Note(Lease lease, bool service, long atMs) => Note(lease.Unit, lease.ChipClass, service ? UseKind.Serving : UseKind.Jobs, atMs);
}
