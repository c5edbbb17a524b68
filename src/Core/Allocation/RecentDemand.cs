using System.Collections.Immutable;

namespace Amalgam.Core.Allocation;

/// <summary>
/// Learns the typical work from what is asked for, one request after the other. Requests count, not placements, or refused kinds would fade. What it
/// has learned is looked at anew after 10, 20, 40 … requests, later after every <see cref="LongestLook"/>, when what is older counts half: between two
/// looks the answer is the same object, and nothing needs to be computed again. Integers only.
/// </summary>
public sealed class RecentDemand
{
    public const long LongestLook = 8192;

    private const long FirstLook = 10;

    /// <summary>Rarer ones are forgotten.</summary>
    private const int MostKinds = 256;

    /// <summary>A single request keeps some weight through several halvings.</summary>
    private const long One = 64;

    private readonly Dictionary<Kind, long> _weights = [];
    private readonly List<Kind> _order = [];
    private long _sinceLook;
    private long _looked;

    public TypicalWork Typical { get; private set; } = TypicalWork.Unknown;

    /// <param name="times">Members, or replicas, that ask for it.</param>
    public void Ask(WorkloadState asked, long times)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var kind = new Kind(asked.DevicesMilli, asked.CpuMilli, asked.RamMiB, asked.MemoryMiB, new ClassSpeeds(asked.Speeds));
        if (!_weights.TryAdd(kind, times * One))
        {
            _weights[kind] += times * One;
        }
        else
        {
            _order.Add(kind);
        }

        _sinceLook += times;
        if (_sinceLook >= Math.Clamp(_looked, FirstLook, LongestLook))
        {
            Look();
        }
    }

    private void Look()
    {
        Forget();
        Typical = new TypicalWork([.. _order.Select(kind => new TypicalRequest(kind.DevicesMilli, kind.CpuMilli, kind.RamMiB, kind.MemoryMiB, kind.Speeds.Of, _weights[kind]))]);
        _looked += _sinceLook;
        _sinceLook = 0;
        if (_looked >= LongestLook)
        {
            foreach (var kind in _order)
            {
                _weights[kind] /= 2;
            }
        }
    }

    private void Forget()
    {
        if (_order.Count > MostKinds)
        {
            foreach (var kind in _order.OrderByDescending(kind => _weights[kind]).Skip(MostKinds).ToList())
            {
                _weights.Remove(kind);
            }
        }

        _order.RemoveAll(kind => !_weights.TryGetValue(kind, out var weight) || (weight == 0 && _weights.Remove(kind)));
    }

    private readonly record struct Kind(long DevicesMilli, long CpuMilli, long RamMiB, long MemoryMiB, ClassSpeeds Speeds);

    /// <summary>Speeds compared one by one.</summary>
    private readonly struct ClassSpeeds(ImmutableArray<ClassSpeed> speeds) : IEquatable<ClassSpeeds>
    {
        public ImmutableArray<ClassSpeed> Of { get; } = speeds;

        public bool Equals(ClassSpeeds other) => Of.AsSpan().SequenceEqual(other.Of.AsSpan());

        public override bool Equals(object? obj) => obj is ClassSpeeds other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            foreach (var speed in Of)
            {
                hash.Add(speed.ChipClass, StringComparer.Ordinal);
                hash.Add(speed.Millionths);
            }

            return hash.ToHashCode();
        }
    }
}
