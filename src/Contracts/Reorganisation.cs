namespace Amalgam.Contracts;

/// <summary>POST /api/v1/units/NAME/move</summary>
public sealed record MoveRequest
{
    public string? Parent { get; set; }

    /// <summary>When it takes effect; null = at once.</summary>
    public DateTimeOffset? From { get; set; }

    /// <summary>Takes back the move that waits for its date.</summary>
    public bool Cancel { get; set; }
}

/// <summary>A move as previewed, scheduled or done.</summary>
public sealed record MoveView
{
    public required string Unit { get; init; }

    /// <summary>Paths before and after.</summary>
    public required string FromPath { get; init; }

    public required string ToPath { get; init; }

    public DateTimeOffset? At { get; init; }

    /// <summary>preview, scheduled, done, cancelled</summary>
    public required string State { get; init; }

    /// <summary>What it changes, unit by unit; what is not named stays as it is.</summary>
    public IReadOnlyList<MoveEffectView> Effects { get; set; } = [];
}

public sealed record MoveEffectView(string Unit, string What, string Before, string After);
