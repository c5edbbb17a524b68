using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Amalgam.SystemTests.Engines;

/// <summary>What not every engine can be asked for.</summary>
public enum EngineAbility
{
    /// <summary>Asked of every engine.</summary>
    None,

    /// <summary>Its control plane can die, or the answer of whoever starts the member get lost, after the start and before its record.</summary>
    LostAnswers,

    /// <summary>Others use the same devices, and it can tell.</summary>
    ForeignLoad,

    /// <summary>It kills without hesitation: where a kill takes seconds, one such test is enough for every day.</summary>
    PromptKills,
}

/// <summary>Says on a test class what its engine cannot have, and why: the tests that need it are shown as skipped with this reason.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class EngineLacksAttribute(EngineAbility ability, string why) : Attribute
{
    public EngineAbility Ability { get; } = ability;

    public string Why { get; } = why;
}

/// <summary>Says on a test class what takes its engine so long that it is tried in long runs only.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class EngineTakesLongAttribute(EngineAbility ability, string takes) : Attribute
{
    public EngineAbility Ability { get; } = ability;

    /// <summary>Null in a long run.</summary>
    public string? Why { get; } = LongRun.Skips(takes);
}

/// <summary>Says on a test class that there may be nothing to try it on.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class NeedsAttribute : Attribute
{
    /// <summary>Null when it is there.</summary>
    public abstract string? Missing { get; }
}

/// <summary>A test that every engine passes, as far as it can have what the test is about.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Amalgam.SystemTests.Engines.EngineFactDiscoverer", "System.Tests")]
public sealed class EngineFactAttribute(EngineAbility needs = EngineAbility.None) : FactAttribute
{
    public EngineAbility Needs { get; } = needs;
}

public sealed class EngineFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new EngineTestCase(messages, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}

/// <summary>Asks the class that runs the inherited test what it lacks.</summary>
public sealed class EngineTestCase : XunitTestCase
{
    [Obsolete("for the runner, which fills it in afterwards")]
    public EngineTestCase()
    {
    }

    public EngineTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    protected override string GetSkipReason(IAttributeInfo factAttribute)
    {
        var engine = TestMethod.TestClass.Class.ToRuntimeType();
        var needs = factAttribute.GetNamedArgument<EngineAbility>(nameof(EngineFactAttribute.Needs));
        return engine.GetCustomAttributes(typeof(NeedsAttribute), true).Cast<NeedsAttribute>().Select(need => need.Missing).FirstOrDefault(missing => missing is not null)
            ?? engine.GetCustomAttributes(typeof(EngineLacksAttribute), true).Cast<EngineLacksAttribute>().FirstOrDefault(lack => lack.Ability == needs)?.Why
            ?? engine.GetCustomAttributes(typeof(EngineTakesLongAttribute), true).Cast<EngineTakesLongAttribute>().FirstOrDefault(slow => slow.Ability == needs)?.Why
            ?? base.GetSkipReason(factAttribute);
    }
}
