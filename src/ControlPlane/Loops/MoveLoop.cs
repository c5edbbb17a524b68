using Amalgam.ControlPlane.Commands;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>Carries out scheduled moves of units at their instant; those that came due while the cloud was down, at the start.</summary>
public sealed class MoveLoop(Cloud cloud, ILogger<MoveLoop> logger) : Loop("moves", TimeSpan.FromSeconds(60), logger)
{
    private static readonly Actor Me = Actor.Loop("moves");

    protected override TimeSpan NextWait
    {
        get
        {
            var due = cloud.Read(state => state.Moves.Pending.Count > 0 ? state.Moves.Pending[0].AtMs : long.MaxValue);
            var wait = due == long.MaxValue ? base.NextWait : TimeSpan.FromMilliseconds(Math.Clamp(due - cloud.NowMs, 1, (long)base.NextWait.TotalMilliseconds));
            return wait < base.NextWait ? wait : base.NextWait;
        }
    }

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        var last = "no move is due";
        while (!cancel.IsCancellationRequested)
        {
            var done = await cloud.ChangeAsync(Me, MoveUnit.Due);
            if (done.Refusal is { } refusal)
            {
                return refusal.Message;
            }

            if (done.Value is not { } text)
            {
                break;
            }

            last = text;
        }

        return last;
    }
}
