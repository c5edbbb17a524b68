namespace Amalgam.Core.Allocation.Placement;

/// <summary>A kind of request with its losses per live state, valid while the same version stands in the slot.</summary>
internal sealed class RequestKind(PlacementRequest request, bool[] fits)
{
    private const short NoFit = -1;

    private long[] _version = [];
    private long[] _loss = [];
    private short[] _gap = [];

    public PlacementRequest Request { get; } = request;

    /// <summary>Per shape: could an empty node host it?</summary>
    public bool[] Fits { get; } = fits;

    public bool TryLoss(NodeState state, WorthTables tables, out long loss, out int gap)
    {
        var slot = state.Slot;
        if (slot >= _version.Length)
        {
            var length = Math.Max(64, Math.Max(slot + 1, 2 * _version.Length));
            Array.Resize(ref _version, length);
            Array.Resize(ref _loss, length);
            Array.Resize(ref _gap, length);
        }
        if (_version[slot] != state.Version)
        {
            _version[slot] = state.Version;
            _gap[slot] = state.TryLoss(Request, tables, out var computed, out var at) ? (short)at : NoFit;
            _loss[slot] = computed;
        }
        (loss, gap) = (_loss[slot], _gap[slot]);
        return gap != NoFit;
    }
}
