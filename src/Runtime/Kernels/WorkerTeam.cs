using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Runtime.Kernels;

/// <summary>What a team does together.</summary>
internal interface ITeamWork
{
    /// <summary>Called once on every member, 0 being the caller of <see cref="WorkerTeam.Run"/>. Must not throw: the others would wait for ever.</summary>
    void Work(int member);
}

/// <summary>
/// Threads that stay. A whole forward pass is one run, inside which members meet at barriers and take rows from counters: starting tasks
/// per operation would cost more than most operations. Members pause-spin for some hundred microseconds, then give the core away.
/// </summary>
internal sealed unsafe class WorkerTeam : IDisposable
{
    private const int LineInts = 32; // 128 bytes: neighbouring lines are fetched in pairs.
    private const int BarrierSpins = 30_000;
    private const int RestSpins = 20_000;
    private const int SpinsWithoutCores = 50;

    private readonly NativeBuffer words;
    private readonly int counters;
    private readonly int barrierSpins;
    private readonly int restSpins;
    private readonly object rest = new();
    private readonly Thread[] threads;
    private ITeamWork? work;
    private bool stopping;

    public WorkerTeam(int members, int counters)
    {
        Members = members;
        this.counters = counters;
        // With more members than cores, spinning keeps those from working that one waits for.
        (barrierSpins, restSpins) = members <= Environment.ProcessorCount ? (BarrierSpins, RestSpins) : (SpinsWithoutCores, SpinsWithoutCores);
        words = new NativeBuffer((counters + 4L) * LineInts * sizeof(int));
        threads = new Thread[members - 1];
        for (int i = 0; i < threads.Length; i++)
        {
            int member = i + 1;
            threads[i] = new Thread(() => Serve(member)) { IsBackground = true, Name = $"forward {member}" };
            threads[i].Start();
        }
    }

    public int Members { get; }

    private ref int Arrived => ref Word(0);

    private ref int Generation => ref Word(1);

    private ref int Runs => ref Word(2);

    private ref int Resting => ref Word(3);

    /// <summary>Runs the work on all members and returns when all are done.</summary>
    public void Run(ITeamWork work)
    {
        this.work = work;
        for (int i = 0; i < counters; i++) Word(4 + i) = 0;
        Start();
        work.Work(0);
        Meet();
    }

    /// <summary>The next item of a counter, from 0; each counter is used for one operation of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(int counter) => Interlocked.Increment(ref Word(4 + counter)) - 1;

    /// <summary>Waits until every member has come here.</summary>
    public void Meet()
    {
        if (Members == 1) return;
        int generation = Volatile.Read(ref Generation);
        if (Interlocked.Increment(ref Arrived) == Members)
        {
            Volatile.Write(ref Arrived, 0);
            Volatile.Write(ref Generation, generation + 1);
            return;
        }

        for (int spins = 0; Volatile.Read(ref Generation) == generation; spins++)
        {
            if (spins < barrierSpins) Pause();
            else Thread.Yield();
        }
    }

    public void Dispose()
    {
        stopping = true;
        Start();
        foreach (var thread in threads) thread.Join();
        words.Dispose();
    }

    private static void Pause()
    {
        if (X86Base.IsSupported) X86Base.Pause();
        else Thread.SpinWait(1);
    }

    private ref int Word(int line) => ref *((int*)words.Pointer + ((long)line * LineInts));

    private void Start()
    {
        Interlocked.Increment(ref Runs);
        if (Volatile.Read(ref Resting) == 0) return;
        lock (rest) Monitor.PulseAll(rest);
    }

    private void Serve(int member)
    {
        for (int seen = 0; ; )
        {
            Await(seen);
            seen = Volatile.Read(ref Runs);
            if (Volatile.Read(ref stopping)) return;
            work!.Work(member);
            Meet();
        }
    }

    /// <summary>Waits for the run after <paramref name="seen"/>: first awake, because the next token usually follows at once, then asleep.</summary>
    private void Await(int seen)
    {
        for (int spins = 0; spins < restSpins; spins++)
        {
            if (Volatile.Read(ref Runs) != seen) return;
            Pause();
        }

        lock (rest)
        {
            Interlocked.Increment(ref Resting);
            while (Volatile.Read(ref Runs) == seen) Monitor.Wait(rest);
            Interlocked.Decrement(ref Resting);
        }
    }
}
