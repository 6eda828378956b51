// SPDX-License-Identifier: GPL-2.0-only
//
// Must come after dataplane/congestion/ among the sources: their registrations precede it then.
#include "ns3/rdma-congestion-control.h"

#include "ns3/base-errors.h"
#include "ns3/base-registry.h"
#include "ns3/string.h"

#include <cctype>

namespace ns3
{
namespace heddle
{

NS_OBJECT_ENSURE_REGISTERED(CongestionControl);

namespace
{

const char* const kCategory = "congestion-control";

/// "ai_rate", "dcqcn-paper" → "AiRate", "DcqcnPaper".
std::string
CamelCase(const std::string& name)
{
    std::string camel;
    bool capital = true;
    for (char c : name)
    {
        const bool separator = c == '-' || c == '_';
        if (!separator)
        {
            camel += capital ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
        }
        capital = separator;
    }
    return camel;
}

std::string
TypeName(const std::string& registryName)
{
    return "ns3::heddle::" + (registryName == "none" ? "LineRate" : CamelCase(registryName));
}

/// One parameter of the registry as an attribute.
class ParameterAccessor : public AttributeAccessor
{
  public:
    explicit ParameterAccessor(const ::heddle::Parameter& parameter) : m_parameter(parameter)
    {
    }

    bool Set(ObjectBase* object, const AttributeValue& value) const override
    {
        auto control = dynamic_cast<CongestionControl*>(object);
        auto text = dynamic_cast<const StringValue*>(&value);
        if (control == nullptr || text == nullptr)
        {
            return false;
        }
        if (m_parameter.quantity != ::heddle::Quantity::Text)
        {
            try
            {
                ::heddle::ParseQuantity(text->Get(), m_parameter.quantity);
            }
            catch (const ::heddle::InputError&)
            {
                return false;
            }
        }
        control->SetParameter(m_parameter.name, text->Get());
        return true;
    }

    bool Get(const ObjectBase* object, AttributeValue& value) const override
    {
        auto control = dynamic_cast<const CongestionControl*>(object);
        auto text = dynamic_cast<StringValue*>(&value);
        if (control == nullptr || text == nullptr)
        {
            return false;
        }
        auto it = control->GetParameters().find(m_parameter.name);
        text->Set(it != control->GetParameters().end() ? it->second : m_parameter.defaultValue);
        return true;
    }

    bool HasGetter() const override
    {
        return true;
    }

    bool HasSetter() const override
    {
        return true;
    }

  private:
    const ::heddle::Parameter& m_parameter; ///< the registry outlives every TypeId
};

void
RegisterOne(const ::heddle::Choice& choice)
{
    TypeId tid = TypeId(TypeName(choice.name))
                     .SetParent<CongestionControl>()
                     .SetGroupName("HeddleRdma")
                     .AddConstructor<CongestionControl>();
    for (const ::heddle::Parameter& parameter : choice.parameters)
    {
        tid.AddAttribute(CamelCase(parameter.name),
                         parameter.help + ". Source: " + parameter.source,
                         StringValue(parameter.defaultValue),
                         Ptr<const AttributeAccessor>(new ParameterAccessor(parameter), false),
                         MakeStringChecker());
    }
}

} // namespace

TypeId
CongestionControl::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::heddle::CongestionControl").SetParent<Object>().SetGroupName("HeddleRdma");
    return tid;
}

void
CongestionControl::RegisterAll()
{
    for (const std::string& name : ::heddle::RegistryIndex::Names(kCategory))
    {
        TypeId tid;
        if (!TypeId::LookupByNameFailSafe(TypeName(name), &tid))
        {
            RegisterOne(::heddle::RegistryIndex::Find(kCategory, name));
        }
    }
}

TypeId
CongestionControl::LookupByRegistryName(const std::string& name)
{
    RegisterAll();
    return TypeId::LookupByName(TypeName(::heddle::RegistryIndex::Find(kCategory, name).name));
}

std::string
CongestionControl::GetRegistryName() const
{
    const std::string type = GetInstanceTypeId().GetName();
    for (const std::string& name : ::heddle::RegistryIndex::Names(kCategory))
    {
        if (TypeName(name) == type)
        {
            return name;
        }
    }
    throw ::heddle::InputError(type + " is no congestion control of the registry");
}

namespace
{

const bool kRegistered = []
{
    CongestionControl::RegisterAll();
    return true;
}();

} // namespace

} // namespace heddle
} // namespace ns3
