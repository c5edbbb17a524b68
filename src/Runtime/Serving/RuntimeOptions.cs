using System.Net;

namespace Amalgam.Runtime.Serving;

/// <summary>How one replica is run.</summary>
public sealed record RuntimeOptions
{
    /// <summary>Positions per slot when none are asked for: more cost memory that most chats never use.</summary>
    public const int DefaultContextLength = 4096;

    /// <summary>Tokens in one pass of the model.</summary>
    public const int MaxBatch = 512;

    /// <summary>The environment variable with the key that every request must bring; a command line would show it to everyone on the machine.</summary>
    public const string KeyVariable = "AMALGAM_RUNTIME_KEY";

    /// <summary>The GGUF file.</summary>
    public required string ModelPath { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>0 lets the system choose; the choice is announced on standard output.</summary>
    public int Port { get; init; }

    /// <summary>Texts worked on at once.</summary>
    public int Slots { get; init; } = 4;

    /// <summary>Tokens of prompt and answer together, per slot; 0 for what the model was trained for, at most <see cref="DefaultContextLength"/>.</summary>
    public int ContextLength { get; init; }

    /// <summary>0 for as many as this process has cores.</summary>
    public int Threads { get; init; }

    /// <summary>The model's name in requests; by default that of the file.</summary>
    public string? Name { get; init; }

    /// <summary>Requests that may wait for a slot before one is refused.</summary>
    public int Waiting { get; init; } = 64;

    /// <summary>Refuse to start without a key in <see cref="KeyVariable"/>; with one, it is asked for in any case.</summary>
    public bool RequireKey { get; init; }

    /// <summary>Go on when the process that started this one has ended; else stop, so that no replica outlives its cloud unseen.</summary>
    public bool ParentlessOk { get; init; }

    /// <summary>How long a stop waits for answers under way.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);
}
